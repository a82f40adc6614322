"""Set before any test imports ROS: a DDS domain of this run's own, on this machine only."""

import os
import signal

# Domains up to 101 keep DDS's ports below those that Linux hands out by itself.
os.environ.setdefault("ROS_DOMAIN_ID", str(os.getpid() % 101 + 1))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

# A shell starts what it puts into the background deaf to Ctrl-C, and children inherit that:
# tests that interrupt a process would wait for it for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
