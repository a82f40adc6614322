"""Which thing is which, over the frames of one camera."""

from vlm_ros.tracking.target_tracker import FrameTracks, LostTarget, TargetTracker
from vlm_ros.tracking.tracker import Tracked, Tracker

__all__ = ["FrameTracks", "LostTarget", "TargetTracker", "Tracked", "Tracker"]
