"""Worlds for Gazebo, of the scenes that the built-in simulator renders."""
