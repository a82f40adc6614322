#!/bin/bash
# Runs a command with ROS 2 and vlm_ros, in a container and as a service.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
set +u  # ROS's own scripts use variables that may not be set.
. "/opt/ros/${ROS_DISTRO:?names no ROS 2: set it, e.g. to humble}/setup.bash"
. "$here/install/local_setup.bash"
set -u
if [ -d "$here/venv" ]; then
    PATH=$here/venv/bin:$PATH
fi
exec "$@"
