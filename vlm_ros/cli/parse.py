"""Show what a command is understood to say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from vlm_ros.language import Command, Phrase, Relation, Selector, parse_command


@click.command()
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(text: str, as_json: bool) -> None:
    """Print the structure of TEXT, a command such as "pick up the red cup left of the plate"."""
    parsed = parse_command(text)
    click.echo(json.dumps(asdict(parsed)) if as_json else "\n".join(_tree(parsed)))


def _tree(parsed: Command) -> Iterator[str]:
    for slip in parsed.corrections:
        yield f'read "{slip.said}" as "{slip.read}" (position {slip.position})'
    for number, step in enumerate(parsed.steps, start=1):
        yield f"step {number}: {(step.verb or 'find').replace('_', ' ')}"
        yield from _indented("target", _phrase(step.target))
        if step.destination is not None:
            yield from _indented("destination", _relation(step.destination))


def _phrase(phrase: Phrase) -> Iterator[str]:
    yield f'"{phrase.text}"'
    yield f"noun: {' or '.join((phrase.noun, *phrase.or_nouns))}"
    if phrase.attributes:
        yield f"attributes: {', '.join(phrase.attributes)}"
    for group in phrase.any_of:
        yield f"one of: {', '.join(group)}"
    if phrase.excluded:
        yield f"not: {', '.join(phrase.excluded)}"
    for selector in phrase.selectors:
        yield f"which: {_selector(selector)}"
    for part in phrase.parts:
        yield from _labelled("with", _phrase(part))
    for relation in phrase.relations:
        yield from _relation(relation)


def _relation(relation: Relation) -> Iterator[str]:
    said = relation.predicate.replace("_", " ")
    if relation.rank > 1:
        said = f"number {relation.rank} {said}"
    if not relation.anchors:
        yield said
    for anchor in relation.anchors:
        yield from _labelled(said, _phrase(anchor))


def _selector(selector: Selector) -> str:
    if selector.kind == "quantity":
        return {0: "all", 1: "any one"}.get(selector.count, str(selector.count))
    if selector.kind == "ordinal":
        return f"number {selector.count} from the most {selector.axis}"
    if selector.kind == "superlative":
        return f"the most {selector.axis}"
    if selector.kind == "other":
        return "not one that was taken before"
    if selector.axis.startswith("not_"):
        return f"not at the {selector.axis.removeprefix('not_')}"
    return f"at the {selector.axis}"


def _indented(label: str, lines: Iterator[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in _labelled(label, lines))


def _labelled(label: str, lines: Iterator[str]) -> Iterator[str]:
    """The first line behind the label, the rest below it."""
    yield f"{label}: {next(lines)}"
    yield from (f"  {line}" for line in lines)
