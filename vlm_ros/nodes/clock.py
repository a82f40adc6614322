"""Times and durations of messages as plain numbers, and back."""

from __future__ import annotations

from builtin_interfaces.msg import Duration, Time

_NANOSECONDS = 1_000_000_000


def nanoseconds(stamp: Time) -> int:
    """The stamp in nanoseconds since its clock's epoch."""
    return int(stamp.sec) * _NANOSECONDS + int(stamp.nanosec)


def seconds(duration: Duration) -> float:
    """The duration in seconds."""
    return float(duration.sec) + float(duration.nanosec) / _NANOSECONDS


def duration_message(length: float) -> Duration:
    """A duration given in seconds."""
    sec, nanosec = divmod(round(length * _NANOSECONDS), _NANOSECONDS)
    return Duration(sec=sec, nanosec=nanosec)
