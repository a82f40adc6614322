"""`python -m vlm_ros` is the `vlm-ros` command."""

from vlm_ros.cli import main

main(prog_name="vlm-ros")
