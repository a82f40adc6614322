"""Resolve a command in a scene described in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vlm_ros.errors import SceneError, VlmRosError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vlm_ros.grounding.described import Embed
    from vlm_ros.grounding.result import GroundedRegion, Grounding

NOT_FOUND_EXIT = 1


@click.command()
@click.argument("scene", type=click.Path(path_type=Path), required=False)
@click.argument("text", required=False)
@click.option(
    "--batch",
    type=click.Path(path_type=Path),
    help='Answer every line {"scene": {...}, "text": "..."} of a file; other keys are ignored.',
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Folder or name of the model; default: the bundled.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(
    scene: Path | None, text: str | None, batch: Path | None, model: Path | None, as_json: bool
) -> None:
    """Resolve TEXT in SCENE, a JSON file of named boxes. Exit code 1: ran, but not found."""
    embed = _encoder(model)
    if batch is not None:
        if scene is not None:
            raise click.UsageError("--batch takes scenes and texts from its file")
        for answer in _answers(batch, embed):
            click.echo(json.dumps(answer))
        return
    if scene is None or text is None:
        raise click.UsageError("name a scene file and a text, or --batch")
    try:
        answer = resolve_text(_json(scene), text, embed)
    except SceneError as error:
        raise SceneError(f"{scene}: {error}") from error
    click.echo(json.dumps(answer) if as_json else _table(answer))
    if answer["status"] != "FOUND":
        raise SystemExit(NOT_FOUND_EXIT)


def resolve_text(scene: Any, text: str, embed: Embed) -> dict[str, Any]:
    """Answers one text in one described scene; a command of several steps at once.

    Args:
        scene: see `grounding.described.read_scene`.
        text: a command or a referring expression.
        embed: the text encoder.

    Raises:
        CommandError: the text cannot be read.
        SceneError: the scene cannot be read.
    """
    from vlm_ros.grounding.described import DESCRIBED, read_scene
    from vlm_ros.grounding.resolver import resolve
    from vlm_ros.grounding.taken import Taken
    from vlm_ros.language import parse_command

    seen = read_scene(scene, embed)
    steps = parse_command(text).steps
    targets = dict.fromkeys(step.target for step in steps)
    goals = dict.fromkeys(a for s in steps if s.destination for a in s.destination.anchors)
    taken = Taken()
    found = []
    for phrase in targets:
        found.append(resolve(phrase, seen, DESCRIBED, taken.before(phrase)))
        taken.add(phrase, found[-1])
    evidence = [row for grounding in found for row in _evidence("target", grounding)]
    for goal in goals:
        evidence += _evidence("destination", resolve(goal, seen, DESCRIBED))
    indices = dict.fromkeys(region.region for grounding in found for region in grounding.targets)
    # The steps are one command: it is found when every target is.
    status = max(grounding.status for grounding in found)
    return {
        "status": status.name,
        "targets": list(indices),
        "question": next((g.question for g in found if g.question), None),
        "reason": "; ".join(grounding.reason for grounding in found),
        "evidence": evidence,
    }


def _answers(batch: Path, embed: Embed) -> Iterator[dict[str, Any]]:
    for line in _text(batch).splitlines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise SceneError('a line must be a JSON object with "scene" and "text"')
            yield resolve_text(row.get("scene"), row["text"], embed)
        except (VlmRosError, ValueError, RecursionError) as error:
            yield {
                "status": "ERROR",
                "targets": [],
                "question": None,
                "reason": str(error),
                "evidence": [],
            }


def _evidence(role: str, grounding: Grounding) -> Iterator[dict[str, Any]]:
    found = "found" if role == "target" else role
    other = "runner-up" if grounding.targets else "nearest miss"
    answers = [(found, region) for region in grounding.targets]
    for place, region in enumerate(grounding.alternatives):
        answers.append(("candidate" if place < grounding.candidates else other, region))
    for answer, region in answers:
        yield {"index": region.region, "role": role, "answer": answer, **_region(region)}


def _region(region: GroundedRegion) -> dict[str, Any]:
    evidence = region.evidence
    return {
        "label": region.label,
        "score": round(region.score, 4),
        "noun": round(evidence.noun, 4),
        "attributes": {k: round(v, 4) for k, v in evidence.attributes.items()},
        "relations": {k: round(v, 4) for k, v in evidence.relations.items()},
    }


def _table(answer: dict[str, Any]) -> str:
    lines = [f"{answer['status']:<10} {answer['reason']}"]
    lines += [
        f"  {row['answer']}: object {row['index']} as {row['label']}  score {row['score']:.2f}"
        for row in answer["evidence"]
    ]
    if answer["question"]:
        lines.append(f"  {answer['question']}")
    return "\n".join(lines)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"{path} cannot be read: {error}") from error


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except ValueError as error:
        raise SceneError(f"{path} is not JSON: {error}") from error


def _encoder(model: Path | None) -> Embed:
    """The model's text encoder, loaded when a name first needs it."""

    @lru_cache(maxsize=1)
    def load() -> Embed:
        from vlm_ros.models import find_model, load_text_encoder

        return load_text_encoder(find_model(model))

    def embed(phrases: Sequence[str]) -> NDArray[np.float32]:
        return load()(phrases)

    return embed
