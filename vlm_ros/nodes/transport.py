"""DDS settings under which whole images pass between processes."""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from ament_index_python.resources import has_resource

_VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
# What Fast DDS 2 calls it (Humble, Jazzy), where its package is called fastrtps.
_OLD_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"


def use_image_transport() -> None:
    """Give this process and its children a shared memory that holds whole images.

    Fast DDS's own shared-memory segment of 512 KiB is smaller than a 640 x 480 colour image, so
    that images fall back to UDP fragments, of which a best-effort subscriber loses some and
    with them the image. Call it before `rclpy.init`. Settings of the user's own stand.
    """
    if _VARIABLE in os.environ or _OLD_VARIABLE in os.environ:
        return
    variable = _OLD_VARIABLE if has_resource("packages", "fastrtps") else _VARIABLE
    share = Path(get_package_share_directory("vlm_ros"))
    os.environ[variable] = str(share / "config" / "fastdds.xml")
