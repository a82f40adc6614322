"""Publish pictures or a video as a camera."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("source", metavar="FOLDER_OR_VIDEO", type=click.Path(path_type=Path))
@click.option("--rate", type=float, default=5.0, show_default=True, help="Frames a second.")
@click.option("--loop", is_flag=True, help="Begin again at the end.")
@click.option(
    "--camera-info",
    type=click.Path(path_type=Path),
    help="Calibration file as the camera_calibration package writes it.",
)
@click.argument("ros", nargs=-1, type=click.UNPROCESSED)
def command(
    source: Path, rate: float, loop: bool, camera_info: Path | None, ros: tuple[str, ...]
) -> None:
    """Publish the pictures of a folder, one picture or a video as colour images.

    Files that cannot be read are named and skipped. ROS may hold further arguments.
    """
    from vlm_ros.nodes.play_node import PlayNode
    from vlm_ros.nodes.spinning import ros_arguments, run_node

    parameters = {
        "source": str(source.resolve()),
        "rate": rate,
        "loop": loop,
        "camera_info": None if camera_info is None else str(camera_info.resolve()),
    }
    raise SystemExit(run_node(PlayNode, ros_arguments(parameters, {}, ros)))
