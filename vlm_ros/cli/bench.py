"""Measure how long things take."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vlm_ros.evaluation.timing import Times

# Regions that all fit every phrase of a nested one.
_MANY = 300


@click.group()
def command() -> None:
    """Measure how long things take on this machine."""


@command.command()
@click.option("--rounds", default=20, show_default=True, help="How often each text is taken.")
@click.option("--regions", default=100, show_default=True, help="In the scenes to resolve in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def language(rounds: int, regions: int, as_json: bool) -> None:
    """Parsing commands, and resolving phrases with two relations among many regions."""
    from vlm_ros.evaluation.language_timing import time_nested, time_parsing, time_resolving

    times = {
        "parse": time_parsing(rounds),
        f"resolve, {regions} regions, 2 relations": time_resolving(rounds, regions),
        f"resolve, {_MANY} regions, 3 nested": time_nested(rounds, _MANY),
    }
    click.echo(_report(times, as_json))


@command.command()
@click.option("--frames", default=100, show_default=True, help="How often each is done.")
@click.option(
    "--model", type=click.Path(path_type=Path), help="Model folder; default: the bundled."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def frame(frames: int, model: Path | None, as_json: bool) -> None:
    """A 640x480 image from pixels to an answer, and its phrases; without ROS."""
    from vlm_ros.evaluation.frame_timing import time_model
    from vlm_ros.models import bundled_model, load_model

    click.echo(_report(time_model(load_model(model or bundled_model()), frames), as_json))


def _report(times: Mapping[str, Times], as_json: bool) -> str:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if as_json:
        rows = {
            name: {"n": row.count, "p50_ms": row.p50_ms, "p95_ms": row.p95_ms}
            for name, row in times.items()
        }
        return json.dumps({"machine": machine, **rows})
    lines = [
        f"{name:<36} p50 {row.p50_ms:6.2f} ms  p95 {row.p95_ms:6.2f} ms"
        for name, row in times.items()
    ]
    return "\n".join([machine, *lines])
