"""Picture files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ImageError

_PICTURES = (".jpg", ".jpeg", ".png")


def pictures_in(folder: Path) -> list[Path]:
    """Pictures of a folder, in order of their names.

    Training and evaluation both count these, so that "every second" means the same to both.

    Raises:
        ImageError: there are none.
    """
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in _PICTURES)
    if not found:
        raise ImageError(f"{folder} holds no JPEG or PNG files.")
    return found


def read_image(path: Path) -> NDArray[np.uint8]:
    """Reads a picture as (H, W, 3) uint8 RGB, turned upright as its EXIF data say.

    Raises:
        ImageError: the file does not exist, cannot be read, or is not a picture.
    """
    try:
        if not path.is_file():
            raise ImageError(f"The picture {path} does not exist.")
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except (OSError, ValueError) as error:
        raise ImageError(f"The picture {path} cannot be read: {error}.") from error
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error as error:
        raise ImageError(f"{path} cannot be read as a picture; it is far too large.") from error
    if image is None:
        raise ImageError(f"{path} cannot be read as a picture; use JPEG, PNG or another that is.")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def write_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Writes (H, W, 3) uint8 RGB whole or not at all; the format follows the name's ending.

    Raises:
        ImageError: the ending is not that of a picture, or the file cannot be written.
    """
    try:
        done, data = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error:
        done = False
    if not done:
        raise ImageError(f"{path} cannot be written: end its name in .png or .jpg.")
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(data.tobytes())
        temporary.replace(path)
    except OSError as error:
        raise ImageError(f"{path} cannot be written: {error.strerror}.") from error
