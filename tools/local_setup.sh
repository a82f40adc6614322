# Copied to .venv, so that sourcing install/setup.* finds the ROS 2 wheels as env.sh does.
VLM_ROS_ROOT="$COLCON_CURRENT_PREFIX/.."
. "$VLM_ROS_ROOT/env.sh"
unset VLM_ROS_ROOT
