"""DDS settings under which whole images pass between processes."""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from ament_index_python.resources import has_resource
from rclpy.utilities import get_rmw_implementation_identifier

_VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
# What Fast DDS 2 calls it (Humble, Jazzy), where its package is called fastrtps.
_OLD_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
_RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
_PEERS = "ROS_STATIC_PEERS"


def use_image_transport() -> None:
    """Give this process and its children a shared memory that holds whole images.

    Fast DDS's own shared-memory segment of 512 KiB is smaller than a 640 x 480 colour image, so
    that images fall back to UDP fragments, of which a best-effort subscriber loses some and
    with them the image. Call it before `rclpy.init`. Settings of the user's own stand.

    Under `ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST` the profile itself keeps ROS on this machine,
    and the variable is set to SYSTEM_DEFAULT: otherwise rmw_fastrtps_cpp adds transports to those
    of the profile, and two shared memories of one process fight for the same port: nodes that
    started beside a client of killed ones were lost to it (seen with Fast DDS 3.2).
    """
    config = Path(get_package_share_directory("vlm_ros")) / "config"
    images, images_here = config / "fastdds.xml", config / "fastdds_localhost.xml"
    variable = _OLD_VARIABLE if has_resource("packages", "fastrtps") else _VARIABLE
    chosen = os.environ.get(_VARIABLE, os.environ.get(_OLD_VARIABLE))
    if chosen is not None and not (_same(chosen, images) or _same(chosen, images_here)):
        return
    reach = os.environ.get(_RANGE)
    # Another middleware does not read the profile: the range alone keeps it on this machine.
    reads_it = get_rmw_implementation_identifier().startswith("rmw_fastrtps")
    if reach == "LOCALHOST" and reads_it and not os.environ.get(_PEERS):
        os.environ[variable], os.environ[_RANGE] = str(images_here), "SYSTEM_DEFAULT"
    elif chosen is None or reach != "SYSTEM_DEFAULT":
        os.environ[variable] = str(images)


def _same(path: str, other: Path) -> bool:
    return Path(path).exists() and other.exists() and other.samefile(path)
