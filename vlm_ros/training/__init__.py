"""Training and export of the bundled model. Needs the `train` extra."""
