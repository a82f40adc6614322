"""Measure how long things take, and beside transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vlm_ros.evaluation.drawn_scene import DrawnScene
    from vlm_ros.evaluation.frame_timing import Camera

_MOST_PHRASES = 100


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME_OR_FOLDER",
    help="May be repeated; default: the bundled one. Its precision is that of its graph.",
)
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    default=("auto",),
    show_default=True,
    help="auto, onnxruntime, tensorrt or tensorrt-rtx; may be repeated.",
)
@click.option(
    "--phrases",
    "numbers",
    multiple=True,
    type=click.IntRange(1, _MOST_PHRASES),
    default=(1, 10, 100),
    show_default=True,
    help="How many are looked for together; may be repeated.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="How often each is done.",
)
@click.option(
    "--starts",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Fresh processes for each model and runtime.",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="A picture to look at; default: a drawn table of 640x480. Its depth is the drawn one's.",
)
@click.option(
    "--against",
    type=click.Choice(["transformers"]),
    help="Measure its zero-shot object detection in the same run; needs --checkpoint.",
)
@click.option(
    "--checkpoint",
    metavar="NAME_OR_FOLDER",
    help="What the model was exported from: a folder of transformers, or the name of a pulled one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    models: tuple[str, ...],
    runtimes: tuple[str, ...],
    numbers: tuple[int, ...],
    rounds: int,
    starts: int,
    image: Path | None,
    against: str | None,
    checkpoint: str | None,
    as_json: bool,
) -> None:
    """Measure on this machine: stages of a frame, start-up, memory, reading of commands.

    Everything is done in turn, round after round, so that what else the machine does falls on all.
    """
    if (against is None) != (checkpoint is None):
        raise click.UsageError(
            "--against transformers and --checkpoint belong together: the checkpoint has the "
            "weights of the model, in the form that transformers reads."
        )
    from vlm_ros.evaluation.benchmark import Plan, run_benchmark, table
    from vlm_ros.hub.inventory import find_checkpoint
    from vlm_ros.models import bundled_model, find_model

    plan = Plan(
        models=[find_model(model) for model in models] or [bundled_model()],
        runtimes=runtimes,
        numbers=numbers,
        rounds=rounds,
        starts=starts,
        checkpoint=None if checkpoint is None else find_checkpoint(checkpoint),
    )
    scene = _scene(image)
    record = run_benchmark(plan, scene, _camera(scene))
    click.echo(json.dumps(record, indent=1) if as_json else table(record))


def _scene(image: Path | None) -> DrawnScene:
    from vlm_ros.evaluation.drawn_scene import HEIGHT, WIDTH, DrawnScene, draw_scene
    from vlm_ros.images import read_image

    scene = draw_scene()
    if image is None:
        return scene
    import cv2
    import numpy as np

    picture = np.asarray(cv2.resize(read_image(image), (WIDTH, HEIGHT)), np.uint8)
    return DrawnScene(picture, scene.depth, scene.intrinsics)


def _camera(scene: DrawnScene) -> Camera | None:
    """Messages to decode and to fill, where ROS and the interfaces of this package are there."""
    try:
        from vlm_ros.nodes.message_camera import MessageCamera
    except ImportError:
        return None
    return MessageCamera(scene)
