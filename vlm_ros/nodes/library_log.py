"""What the library logs, in the log of a ROS node."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LIBRARY = logging.getLogger("vlm_ros")


class _RosHandler(logging.Handler):
    def __init__(self, ros_logger: Any) -> None:
        super().__init__()
        self._ros_logger = ros_logger

    def emit(self, record: logging.LogRecord) -> None:
        # rclpy wants each severity at a line of its own.
        if record.levelno >= logging.WARNING:
            self._ros_logger.warning(record.getMessage())
        else:
            self._ros_logger.info(record.getMessage())


@contextmanager
def logged_by(ros_logger: Any) -> Iterator[None]:
    """Meanwhile, information and warnings of the library go to a node's logger too."""
    handler = _RosHandler(ros_logger)
    level = _LIBRARY.level
    _LIBRARY.addHandler(handler)
    _LIBRARY.setLevel(logging.INFO)
    try:
        yield
    finally:
        _LIBRARY.removeHandler(handler)
        _LIBRARY.setLevel(level)
