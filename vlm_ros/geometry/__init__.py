"""Boxes, cameras, and where things are by their depth."""
