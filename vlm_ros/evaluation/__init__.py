"""Measuring how often the answer is right."""
