"""How much of the suite of written expressions is read and resolved right.

`expressions.jsonl` holds texts with the structure they mean, `scenes.jsonl` described scenes with
texts and answers; see the conventions beside them. Run as a module to print the shares:
`python -m vlm_ros.evaluation.suite test/suite`.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vlm_ros.cli.resolve import resolve_text
from vlm_ros.errors import CommandError, VlmRosError
from vlm_ros.grounding.described import Embed
from vlm_ros.language import parse_command

# Values that need not be written down, and what a missing one stands for.
_DEFAULTS: Mapping[str, Any] = {
    "count": 1,
    "axis": "",
    "destination": None,
    "verb": None,
    "rank": 1,
}
# What is said in words only: not part of the structure.
_IGNORED = frozenset({"text", "corrections"})


@dataclass(frozen=True)
class Outcome:
    """One row of the suite and whether it came out right.

    Attributes:
        split: "dev" or "held_out".
        category: what the row is about.
        right: whether the answer is the one written down.
        row: as read.
        answer: what came out, in the row's own form.
    """

    split: str
    category: str
    right: bool
    row: Mapping[str, Any]
    answer: Any


def read_rows(path: Path, split: str | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a JSON Lines file, of one split or of all."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            row = json.loads(line)
            if split in (None, row["split"]):
                yield row


def judge_parse(row: Mapping[str, Any]) -> Outcome:
    """Compares the structure of one expression."""
    try:
        answer: Any = _essential(asdict(parse_command(row["text"])))
    except CommandError as error:
        answer = {"error": error.position}
    right = "error" in answer if row.get("error") else _essential(row["parse"]) == answer
    return Outcome(row["split"], row["category"], right, row, answer)


def judge_resolution(row: Mapping[str, Any], embed: Embed) -> Outcome:
    """Compares status and targets of one expression in one described scene."""
    try:
        answer = resolve_text(row["scene"], row["text"], embed)
    except VlmRosError as error:
        answer = {"status": "ERROR", "targets": [], "reason": str(error)}
    right = answer["status"] == row["status"]
    if row["status"] == "FOUND":
        targets = answer["targets"]
        one_of = len(targets) == 1 and targets[0] in row.get("any_of", ())
        right &= one_of or sorted(targets) == sorted(row["targets"])
    return Outcome(row["split"], row["category"], right, row, answer)


def shares(
    outcomes: Iterable[Outcome], key: Callable[[Outcome], str]
) -> dict[str, tuple[int, int]]:
    """(right, of) by a property of the outcomes."""
    counted: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for outcome in outcomes:
        right, of = counted[key(outcome)]
        counted[key(outcome)] = (right + outcome.right, of + 1)
    return dict(sorted(counted.items()))


def _essential(value: Any) -> Any:
    """The structure without words, empty lists and defaults."""
    if isinstance(value, dict):
        kept = {k: _essential(v) for k, v in value.items() if k not in _IGNORED}
        # All selectors hold together, in whichever order they were said.
        if "selectors" in kept:
            kept["selectors"] = sorted(kept["selectors"], key=str)
        return {k: v for k, v in kept.items() if v != [] and _DEFAULTS.get(k, ...) != v}
    if isinstance(value, (list, tuple)):
        return [_essential(item) for item in value]
    return value


def _main(folder: Path) -> None:
    from vlm_ros.models import bundled_model, load_text_encoder

    judged = [judge_parse(row) for row in read_rows(folder / "expressions.jsonl")]
    _print("parsed exactly", judged)
    embed = load_text_encoder(bundled_model())
    resolved = [judge_resolution(row, embed) for row in read_rows(folder / "scenes.jsonl")]
    _print("resolved right", resolved)


def _print(title: str, outcomes: list[Outcome]) -> None:
    print(title)
    for name, (right, of) in shares(outcomes, lambda o: o.split).items():
        print(f"  {name:<24} {right:>4} of {of:>4}  {right / of:.3f}")
    for name, (right, of) in shares(outcomes, lambda o: f"{o.split} {o.category}").items():
        print(f"    {name:<22} {right:>4} of {of:>4}  {right / of:.3f}")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
