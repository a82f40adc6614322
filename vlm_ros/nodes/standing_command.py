"""The command that every image is asked about."""

from __future__ import annotations

from dataclasses import dataclass

from vlm_ros.language import Command
from vlm_ros.nodes.ground_goal import GroundGoal


@dataclass(frozen=True)
class StandingCommand:
    """One stands at a time, until another one or nothing takes its place.

    Attributes:
        identity: goes into the messages.
        command: as read.
        goal: whose command it is; None for one from the topic.
    """

    identity: str
    command: Command
    goal: GroundGoal | None
