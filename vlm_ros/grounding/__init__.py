"""Choosing among regions what a command means: scores, relations, status, evidence."""
