"""Answer a command in a simulated scene, and show the answer beside the truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vlm_ros.msg import BoundingBox, SceneTruth, Target
    from vlm_ros.nodes.demonstration import Demonstration
    from vlm_ros.simulation.scene import SceneDescription

# The first seed whose scene `offers_a_choice`.
SEED = 105
NOT_FOUND_EXIT = 1


def offers_a_choice(scene: SceneDescription) -> bool:
    """Whether "the red cup" names one thing of a scene, and neither word of it alone does."""
    cups = [item for item in scene.objects if item.kind == "cup"]
    red = [item for item in scene.objects if item.attributes.get("colour") == "red"]
    red_cups = [item for item in cups if item in red]
    return len(red_cups) == 1 and len(cups) >= 2 and len(red) >= 3


@click.command()
@click.option("--command", "text", default="pick up the red cup", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help="The scene.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("demo.png"),
    show_default=True,
    help="The picture of the answer.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Folder or name of the model; default: the bundled.",
)
@click.option(
    "--timeout", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Seconds to look."
)
def command(text: str, seed: int, out: Path, model: Path | None, timeout: float) -> None:
    """Send a command to the grounding node, which sees a simulated scene.

    Exit code 0: found; 1: ran, but not found.
    """
    from vlm_ros.images import write_image
    from vlm_ros.language import parse_command
    from vlm_ros.nodes.demonstration import demonstrate

    parse_command(text)
    shown = demonstrate(text, seed, model, timeout)
    click.echo("\n".join(report(text, seed, shown)))
    if shown.picture is not None:
        write_image(out, shown.picture)
        click.echo(_line("picture", str(out.resolve())))
    if not shown.result.found:
        raise SystemExit(NOT_FOUND_EXIT)


def report(text: str, seed: int, shown: Demonstration) -> list[str]:
    """The answer for people, each target beside what is true."""
    from vlm_ros.grounding.result import Status

    result = shown.result
    status = Status(result.grounding.status).name
    lines = [
        _line("command", text),
        _line("scene", f"seed {seed}"),
        _line("status", f"{status}, {shown.seconds:.2f} s after the goal was sent"),
    ]
    if not result.found:
        lines.append(_line("reason", result.message))
    if result.grounding.question:
        lines.append(_line("question", result.grounding.question))
    for target in result.grounding.targets:
        lines += _target_lines(target, shown.truth)
    return lines


def _target_lines(target: Target, truth: SceneTruth | None) -> list[str]:
    from vlm_ros.nodes.demonstration import matching_object

    lines = [
        _line(target.role, target.label),
        _line("score", f"{target.score:.2f}"),
        _line("box", _pixels(target.box)),
        _line("position", _place(target)),
    ]
    if truth is None:
        return lines
    match = matching_object(target, truth)
    if match is None:
        return [*lines, _line("truth", "nothing of the scene is in this box")]
    said = (
        f"{' '.join(match.object.attributes)} {match.object.name}, box {_pixels(match.object.box)}"
    )
    lines += [_line("truth", said), _line("IoU", f"{match.iou:.2f}")]
    if match.distance is not None:
        lines.append(_line("offset", f"{match.distance * 100:.1f} cm from its centre"))
    return lines


def _place(target: Target) -> str:
    if not target.has_position:
        return "unknown: no depth"
    point = target.position
    return f"({point.x:.3f}, {point.y:.3f}, {point.z:.3f}) m in {target.header.frame_id}"


def _pixels(box: BoundingBox) -> str:
    return f"({box.x_min:.0f}, {box.y_min:.0f}) to ({box.x_max:.0f}, {box.y_max:.0f})"


def _line(name: str, value: str) -> str:
    return f"{name:<12}{value}"
