"""Measure how long things take."""

from __future__ import annotations

import json
import platform
from typing import Any

import click


@click.group()
def command() -> None:
    """Measure how long things take on this machine."""


@command.command()
@click.option("--rounds", default=20, show_default=True, help="How often each text is taken.")
@click.option("--regions", default=100, show_default=True, help="In the scenes to resolve in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def language(rounds: int, regions: int, as_json: bool) -> None:
    """Parsing commands, and resolving phrases with two relations among many regions."""
    from vlm_ros.evaluation.language_timing import time_parsing, time_resolving

    record: dict[str, Any] = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}"
    }
    for name, times in (
        ("parse", time_parsing(rounds)),
        (f"resolve, {regions} regions, 2 relations", time_resolving(rounds, regions)),
    ):
        record[name] = {"n": times.count, "p50_ms": times.p50_ms, "p95_ms": times.p95_ms}
    if as_json:
        click.echo(json.dumps(record))
        return
    click.echo(record.pop("machine"))
    for name, row in record.items():
        click.echo(f"{name:<36} p50 {row['p50_ms']:6.2f} ms  p95 {row['p95_ms']:6.2f} ms")
