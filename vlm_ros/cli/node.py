"""Run the grounding node: answer commands in the images of a camera."""

from __future__ import annotations

from pathlib import Path

import click

from vlm_ros.interrupts import end_at_once


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Folder or name of the model; default: the bundled.",
)
@click.option(
    "--camera",
    "cameras",
    multiple=True,
    help="Name of a camera, whose topics begin with it; may be given several times.",
)
@click.option("--image", help="Topic of the colour images.")
@click.option("--depth", help="Topic of the depth images registered to them.")
@click.option("--camera-info", help="Topic of their calibration.")
@click.argument("ros", nargs=-1, type=click.UNPROCESSED)
def command(
    model: Path | None,
    cameras: tuple[str, ...],
    image: str | None,
    depth: str | None,
    camera_info: str | None,
    ros: tuple[str, ...],
) -> None:
    """Answer commands in the images of a camera.

    ROS may hold further arguments, e.g. `--ros-args -p confirm_frames:=3`.
    """
    end_at_once()
    from vlm_ros.models import find_model
    from vlm_ros.nodes.grounding_node import GroundingNode
    from vlm_ros.nodes.spinning import ros_arguments, run_node

    parameters = {
        "model": None if model is None else str(find_model(model).resolve()),
        "cameras": cameras or None,
    }
    remappings = {"image": image, "depth": depth, "camera_info": camera_info}
    raise SystemExit(run_node(GroundingNode, ros_arguments(parameters, remappings, ros)))
