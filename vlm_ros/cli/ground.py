"""Ground a command in a picture file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vlm_ros.grounding.result import GroundedRegion
    from vlm_ros.pipeline import StepAnswer

NOT_FOUND_EXIT = 1


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("text", metavar="COMMAND")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Draw the answer into a picture."
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Folder or name of the model; default: the bundled.",
)
@click.option("--runtime", default="auto", show_default=True, help="What runs the graphs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    image: Path, text: str, out: Path | None, model: Path | None, runtime: str, as_json: bool
) -> None:
    """Ground COMMAND in the picture IMAGE. Exit code 1: ran, but not everything was found."""
    from vlm_ros.drawing import draw_grounding
    from vlm_ros.grounding.result import Status
    from vlm_ros.images import read_image, write_image
    from vlm_ros.language import parse_command
    from vlm_ros.models import find_model, load_model
    from vlm_ros.pipeline import Grounder

    parsed = parse_command(text)
    pixels = read_image(image)
    answers = Grounder(load_model(find_model(model), runtime)).ground(parsed, pixels)
    if out is not None:
        write_image(out, draw_grounding(pixels, answers, text))
    click.echo(json.dumps(_record(image, text, answers)) if as_json else _table(answers))
    if any(answer.grounding.status is not Status.FOUND for answer in answers):
        raise SystemExit(NOT_FOUND_EXIT)


def _record(image: Path, text: str, answers: tuple[StepAnswer, ...]) -> dict[str, Any]:
    return {
        "image": str(image),
        "command": text,
        "answers": [
            {
                "step": answer.step,
                "role": answer.role,
                "status": answer.grounding.status.name,
                "reason": answer.grounding.reason,
                "question": answer.grounding.question or None,
                "targets": [_region(r) for r in answer.grounding.targets],
                "alternatives": [_region(r) for r in answer.grounding.alternatives],
            }
            for answer in answers
        ],
    }


def _region(region: GroundedRegion) -> dict[str, Any]:
    return {
        "label": region.label,
        "score": round(region.score, 4),
        "box": [round(v, 1) for v in region.box],
        "evidence": {
            "noun": round(region.evidence.noun, 4),
            "attributes": {k: round(v, 4) for k, v in region.evidence.attributes.items()},
            "relations": {k: round(v, 4) for k, v in region.evidence.relations.items()},
        },
    }


def _table(answers: tuple[StepAnswer, ...]) -> str:
    lines = []
    for answer in answers:
        grounding = answer.grounding
        lines.append(f"{grounding.status.name:<10} {answer.role}: {grounding.reason}")
        lines += [_line("found", r) for r in grounding.targets]
        lines += [_line("candidate", r) for r in grounding.alternatives]
        if grounding.question:
            lines.append(f"  {grounding.question}")
    return "\n".join(lines)


def _line(kind: str, region: GroundedRegion) -> str:
    box = ", ".join(f"{v:.0f}" for v in region.box)
    return f"  {kind}: {region.label}  score {region.score:.2f}  box ({box})"
