"""Measure how often the answer is right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vlm_ros.evaluation.simulated import Verdict


@click.group()
def command() -> None:
    """Measure how often the answer is right."""


@command.command()
@click.option("--scenes", default=100, show_default=True, help="How many unseen scenes.")
@click.option("--seed", default=0, show_default=True, help="Of the first scene.")
@click.option("--count", default=4, show_default=True, help="Expressions of each kind a scene.")
@click.option(
    "--model", type=click.Path(path_type=Path), help="Model folder; default: the bundled."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every item.")
def sim(scenes: int, seed: int, count: int, model: Path | None, as_json: bool) -> None:
    """Rendered scenes with generated expressions; seeds below 50000 are never trained on."""
    from tqdm import tqdm

    from vlm_ros.evaluation.simulated import evaluate, frames
    from vlm_ros.models import bundled_model, load_model
    from vlm_ros.pipeline import Grounder

    grounder = Grounder(load_model(model or bundled_model()))
    pictures = tqdm(frames(range(seed, seed + scenes)), total=scenes, unit="scene")
    verdicts = list(evaluate(grounder, pictures, count))
    click.echo(json.dumps(_record(verdicts)) if as_json else _table(verdicts))


@command.command()
@click.argument("colour")
@click.argument("noun")
@click.option("--scenes", default=3000, show_default=True, help="How many seeds to look through.")
@click.option(
    "--model", type=click.Path(path_type=Path), help="Model folder; default: the bundled."
)
def phrase(colour: str, noun: str, scenes: int, model: Path | None) -> None:
    """Ask for "the COLOUR NOUN" in unseen rendered scenes that hold exactly one."""
    from vlm_ros.evaluation.simulated import evaluate_phrase
    from vlm_ros.models import bundled_model, load_model
    from vlm_ros.pipeline import Grounder

    grounder = Grounder(load_model(model or bundled_model()))
    verdicts = list(evaluate_phrase(grounder, colour, noun, range(scenes)))
    right = sum(verdict.right for verdict in verdicts)
    click.echo(f"the {colour} {noun}: right in {right} of {len(verdicts)} scenes that hold one")


def _table(verdicts: Sequence[Verdict]) -> str:
    from vlm_ros.evaluation.simulated import shares

    meaning = {"unique": "FOUND, IoU >= 0.5", "ambiguous": "AMBIGUOUS", "absent": "NOT_FOUND"}
    lines = ["kind        right answer         right     of   share"]
    for known, (right, of) in shares(verdicts).items():
        share = f"{right / of:.3f}" if of else "-"
        lines.append(f"{known:<11} {meaning[known]:<19} {right:>6} {of:>6}   {share}")
    return "\n".join(lines)


def _record(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    from vlm_ros.evaluation.simulated import shares

    return {
        "n": len(verdicts),
        "shares": {k: {"right": r, "of": n} for k, (r, n) in shares(verdicts).items()},
        "items": [
            {
                "seed": v.seed,
                "expression": v.expression.text,
                "known": v.expression.known,
                "status": v.grounding.status.name,
                "score": round(v.grounding.targets[0].score, 4) if v.grounding.targets else None,
                "iou": round(v.iou, 3),
                "right": v.right,
            }
            for v in verdicts
        ],
    }
