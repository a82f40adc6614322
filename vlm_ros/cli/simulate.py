"""Publish a simulated tabletop as a camera."""

from __future__ import annotations

import click

from vlm_ros.interrupts import end_at_once


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The scene.")
@click.option("--rate", type=float, default=15.0, show_default=True, help="Frames a second.")
@click.option("--width", type=int, default=640, show_default=True)
@click.option("--height", type=int, default=480, show_default=True)
@click.argument("ros", nargs=-1, type=click.UNPROCESSED)
def command(seed: int, rate: float, width: int, height: int, ros: tuple[str, ...]) -> None:
    """Publish colour, depth, calibration and truth of a rendered scene.

    ROS may hold further arguments, e.g. `--ros-args -p depth_encoding:=32FC1`.
    """
    end_at_once()
    from vlm_ros.nodes.simulator_node import SimulatorNode
    from vlm_ros.nodes.spinning import ros_arguments, run_node

    parameters = {"seed": seed, "rate": rate, "width": width, "height": height}
    raise SystemExit(run_node(SimulatorNode, ros_arguments(parameters, {}, ros)))
