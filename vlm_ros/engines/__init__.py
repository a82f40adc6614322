"""Engines: a model made ready for one kind of GPU, built once and kept."""
