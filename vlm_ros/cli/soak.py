"""Let the node answer a simulated camera for a long time, and watch it."""

from __future__ import annotations

import json
from pathlib import Path

import click

BROKEN_EXIT = 1


@click.command()
@click.option(
    "--minutes", type=click.FloatRange(0.1), default=30.0, show_default=True, help="How long."
)
@click.option(
    "--warm-up",
    type=click.FloatRange(0.0),
    default=60.0,
    show_default=True,
    help="Seconds before that, which do not count.",
)
@click.option(
    "--rate", type=click.FloatRange(0.1), default=30.0, show_default=True, help="Frames a second."
)
@click.option("--width", type=int, default=640, show_default=True)
@click.option("--height", type=int, default=480, show_default=True)
@click.option(
    "--cores",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Processors that camera, node and witness share.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Folder or name of the model; default: the bundled.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a record in JSON here."
)
def command(
    minutes: float,
    warm_up: float,
    rate: float,
    width: int,
    height: int,
    cores: int,
    model: Path | None,
    out: Path | None,
) -> None:
    """Let the grounding node answer a simulated camera, and measure it all the while.

    From the image's stamp to the published target, frames without an answer, memory, threads and
    open files. Ctrl-C ends it early and prints what was measured so far. Exit code 0: all limits
    were kept; 1: not, and which.
    """
    from tqdm import tqdm

    from vlm_ros.evaluation.machine import describe_machine
    from vlm_ros.evaluation.soak import Limits, Plan, Report, record, table
    from vlm_ros.nodes.soak import soak

    plan = Plan(minutes, warm_up, rate, width, height, cores=cores)
    machine, limits = describe_machine(), Limits()
    with tqdm(total=round(minutes * 60.0), unit="s", disable=None) as bar:
        report = Report.of(soak(plan, model, bar.update))
    click.echo(table(report))
    if out is not None:
        out.write_text(json.dumps(record(plan, limits, machine, report), indent=1) + "\n", "utf-8")
        click.echo(f"{'record':<27}{out.resolve()}")
    broken = report.broken(limits)
    for sentence in broken:
        click.echo(sentence, err=True)
    if broken:
        raise SystemExit(BROKEN_EXIT)
