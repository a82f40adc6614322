"""What is wrong with the data of a measurement."""

from __future__ import annotations

from vlm_ros.errors import VlmRosError


class LineError(VlmRosError):
    """A line of a data file that cannot be used; the message names file and line."""
