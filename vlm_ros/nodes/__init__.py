"""ROS 2 nodes. The only part of the package that imports ROS."""
