"""Set before any test imports ROS: a DDS domain of this run's own, on this machine only."""

import os

# Domains up to 101 keep DDS's ports below those that Linux hands out by itself.
os.environ.setdefault("ROS_DOMAIN_ID", str(os.getpid() % 101 + 1))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
