"""Boxes, pinhole cameras and depth."""
