"""Quality of service that fits what the publishers of a topic offer."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy


def newest_only(offered: Sequence[QoSProfile]) -> QoSProfile:
    """A subscription that every publisher of a topic matches and that keeps one message.

    A reliable subscription never matches a best-effort publisher; a best-effort one matches
    both, but loses messages that a reliable publisher would have sent again. So it is reliable
    only where every publisher is.

    Args:
        offered: the profile of each publisher the topic has now, perhaps of none.
    """
    reliable = {profile.reliability for profile in offered} == {ReliabilityPolicy.RELIABLE}
    return QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
    )


def newest_or_kept(offered: Sequence[QoSProfile]) -> QoSProfile:
    """As `newest_only`, and asks for the message that was sent before, where it is kept.

    Some drivers send a calibration once and keep it. A subscription that asks for what was kept
    never matches a publisher that keeps nothing, so it asks only where every publisher keeps.

    Args:
        offered: the profile of each publisher the topic has now, perhaps of none.
    """
    profile = newest_only(offered)
    if {publisher.durability for publisher in offered} == {DurabilityPolicy.TRANSIENT_LOCAL}:
        profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile
