"""Quality of service that fits what the publishers of a topic offer."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.qos import QoSProfile, ReliabilityPolicy


def newest_only(offered: Iterable[ReliabilityPolicy]) -> QoSProfile:
    """A subscription that every publisher of a topic matches and that keeps one message.

    A reliable subscription never matches a best-effort publisher; a best-effort one matches
    both, but loses messages that a reliable publisher would have sent again. So it is reliable
    only where every publisher is.

    Args:
        offered: the reliability of each publisher the topic has now, perhaps of none.
    """
    policies = set(offered)
    reliable = policies == {ReliabilityPolicy.RELIABLE}
    return QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
    )
