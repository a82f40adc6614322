"""How images travel on a topic, by the names of image_transport."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_msgs.msg import CompressedImage, Image

_SUFFIXES = {"raw": "", "compressed": "/compressed", "compressedDepth": "/compressedDepth"}

IMAGE_TRANSPORTS = ("raw", "compressed")
DEPTH_TRANSPORTS = ("raw", "compressedDepth")


@dataclass(frozen=True)
class Transports:
    """How the images of a camera travel.

    Attributes:
        image: the colour image; one of IMAGE_TRANSPORTS.
        depth: its depth image; one of DEPTH_TRANSPORTS.
    """

    image: str = "raw"
    depth: str = "raw"


def transported_type(transport: str) -> type:
    """The type of the messages."""
    return Image if transport == "raw" else CompressedImage


def transported_topic(topic: str, transport: str) -> str:
    """The topic on which a transport sends the images of a topic, which remapping has named."""
    return topic + _SUFFIXES[transport]
