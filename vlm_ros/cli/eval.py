"""Measure how often the answer is right."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vlm_ros.errors import VlmRosError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vlm_ros.evaluation.judging import Item
    from vlm_ros.pipeline import Grounder

INTERRUPTED_EXIT = 130
NOTHING_MEASURED_EXIT = 2

_model = click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Folder or name of the model; default: the bundled.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _picture(
    _context: click.Context, _parameter: click.Parameter, path: Path | None
) -> Path | None:
    """Refuses a picture that could not be written, before anything is measured."""
    if path is not None and path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise click.BadParameter(f"end the name of {path} in .png or .jpg")
    if path is not None and not path.parent.is_dir():
        raise click.BadParameter(f"the folder {path.parent} does not exist")
    return path


_failures = click.option(
    "--failures",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_picture,
    help="Draw the failures into this picture.",
)
_on_error = click.option(
    "--on-error",
    type=click.Choice(["skip", "stop"]),
    default="skip",
    show_default=True,
    help="What to do about data that cannot be used; it is named in either case.",
)


class _Problems:
    """What cannot be used: named at once, and skipped or refused as the user says.

    Args:
        on_error: "skip" or "stop".
    """

    def __init__(self, on_error: str) -> None:
        self._stop = on_error == "stop"
        self.skipped: list[str] = []

    def add(self, problem: VlmRosError) -> None:
        """Notes a problem.

        Raises:
            VlmRosError: the problem itself, where it is to end the measurement.
        """
        from tqdm import tqdm

        if self._stop:
            raise problem
        # Not across the progress bar.
        with tqdm.external_write_mode(file=sys.stderr):
            click.echo(f"skipped: {problem}", err=True)
        self.skipped.append(str(problem))


@click.group()
def command() -> None:
    """Measure how often the answer is right."""


@command.command()
@click.argument("source", metavar="FILE.jsonl", type=click.Path(path_type=Path))
@click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder the pictures are named from.",
)
@_model
@_json
@_failures
@_on_error
def refs(
    source: Path,
    images: Path,
    model: Path | None,
    as_json: bool,
    failures: Path | None,
    on_error: str,
) -> None:
    """Your own pictures, with expressions and the boxes they mean.

    A line of FILE.jsonl is {"image": "1.jpg", "expression": "the left knife", "box": [x1, y1, x2,
    y2]}, in pixels of the picture as shown; "box": null where the thing is not there.
    """
    from tqdm import tqdm

    from vlm_ros.evaluation.bad_data import LineError
    from vlm_ros.evaluation.judging import View, ask
    from vlm_ros.evaluation.referring import read_lines, resolved

    lines = read_lines(source, images)
    grounder = _grounder(model)
    problems = _Problems(on_error)

    def answers() -> Iterator[tuple[Item, NDArray[Any]]]:
        for line in tqdm(resolved(lines), total=len(lines), unit="expression"):
            if isinstance(line, LineError):
                problems.add(line)
            else:
                question, image = line
                yield ask(grounder, question, View(image)), image

    _measure(answers(), as_json, failures, problems)


@command.command()
@click.option(
    "--scenes",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="How many unseen scenes.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Where to begin looking for them.",
)
@click.option(
    "--count",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Expressions a category and scene.",
)
@click.option(
    "--depth/--no-depth", default=True, show_default=True, help="Ground with the depth image too."
)
@_model
@_json
@_failures
def sim(
    scenes: int,
    seed: int,
    count: int,
    depth: bool,
    model: Path | None,
    as_json: bool,
    failures: Path | None,
) -> None:
    """Rendered scenes of 6 to 14 things with generated expressions.

    Scenes of seeds below 50000 are never trained on.
    """
    from tqdm import tqdm

    from vlm_ros.evaluation.judging import View, ask
    from vlm_ros.evaluation.simulated import full_scenes, questions

    grounder = _grounder(model)

    def answers() -> Iterator[tuple[Item, NDArray[Any]]]:
        for scene in tqdm(full_scenes(seed, scenes), total=scenes, unit="scene"):
            frame = scene.frame
            near = (frame.depth, frame.intrinsics) if depth else (None, None)
            view = View(frame.rgb, *near)
            for question in questions(scene, count):
                yield ask(grounder, question, view), frame.rgb

    _measure(answers(), as_json, failures, _Problems("stop"))


@command.command()
@click.argument("colour")
@click.argument("noun")
@click.option(
    "--scenes",
    type=click.IntRange(1),
    default=3000,
    show_default=True,
    help="How many seeds to look through.",
)
@_model
@_json
@_failures
def phrase(
    colour: str, noun: str, scenes: int, model: Path | None, as_json: bool, failures: Path | None
) -> None:
    """Ask for "the COLOUR NOUN" in unseen rendered scenes that hold exactly one."""
    from vlm_ros.evaluation.judging import View, ask
    from vlm_ros.evaluation.simulated import asking_for

    grounder = _grounder(model)
    answers = (
        (ask(grounder, question, View(scene.frame.rgb)), scene.frame.rgb)
        for question, scene in asking_for(colour, noun, range(scenes))
    )
    _measure(answers, as_json, failures, _Problems("stop"))


@command.command()
@click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder of pictures.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder of YOLO labels: NAME.txt with lines 'class cx cy w h'.",
)
@click.option(
    "--names",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Names of the classes, one a line; default: COCO's 80.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Least score; default: that of grounding.",
)
@click.option(
    "--every",
    type=(click.IntRange(1), click.IntRange(0)),
    default=(1, 0),
    metavar="STEP FIRST",
    help="Only each STEP-th picture from number FIRST on, e.g. 2 1 for every second.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A YOLOX ONNX file of the same classes to measure beside it.",
)
@_model
@_json
@_on_error
def detect(
    images: Path,
    labels: Path,
    names: Path | None,
    threshold: float | None,
    every: tuple[int, int],
    baseline: Path | None,
    model: Path | None,
    as_json: bool,
    on_error: str,
) -> None:
    """Objects found by their names in labelled pictures, beside a YOLOX detector."""
    from tqdm import tqdm

    from vlm_ros.coco import COCO_NAMES
    from vlm_ros.evaluation.detection import (
        Comparison,
        Detector,
        PhraseDetector,
        read_labelled,
        read_names,
    )
    from vlm_ros.evaluation.reports import detection_record, detection_table
    from vlm_ros.evaluation.yolox import YoloxDetector
    from vlm_ros.grounding.thresholds import Thresholds
    from vlm_ros.images import pictures_in
    from vlm_ros.models import find_model, load_model

    called = COCO_NAMES if names is None else read_names(names)
    least = Thresholds().match if threshold is None else threshold
    folder = find_model(model)
    loaded = load_model(folder)
    detectors: dict[str, Detector] = {folder.name: PhraseDetector(loaded, called, least)}
    if baseline is not None:
        detectors[baseline.stem] = YoloxDetector(baseline, len(called), least)
    comparison = Comparison(detectors, len(called))
    chosen = pictures_in(images)[every[1] :: every[0]]
    problems = _Problems(on_error)
    interrupted = False
    try:
        for read in tqdm(read_labelled(chosen, labels, len(called)), total=len(chosen)):
            if isinstance(read, VlmRosError):
                problems.add(read)
            else:
                comparison.add(*read)
    except KeyboardInterrupt:
        interrupted = True
    if as_json:
        _print_json(detection_record(comparison, called, least), problems, interrupted)
    else:
        click.echo(detection_table(comparison, least))
    _end(comparison.pictures, problems, interrupted)


@command.command()
@click.option(
    "--scenes",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="How many unseen scenes for each motion.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Where to begin looking for them.",
)
@click.option(
    "--rate",
    "rates",
    type=click.FloatRange(0.5, 120),
    multiple=True,
    default=(30.0, 10.0, 2.0),
    show_default=True,
    help="Pictures a second; may be given again. The lower ones leave out some of the highest.",
)
@click.option(
    "--drop",
    type=click.FloatRange(0, 0.95),
    default=0.0,
    show_default=True,
    help="Share of the pictures that get lost, at random.",
)
@_model
@_json
def track(
    scenes: int, seed: int, rates: tuple[float, ...], drop: float, model: Path | None, as_json: bool
) -> None:
    """Whether things keep their identity: rendered scenes in motion, watched by the model.

    The camera goes round or turns away, something big is held before the others, two things
    change places; six seconds each. Beside the tracker stands what pairs boxes by overlap alone.
    """
    from tqdm import tqdm

    from vlm_ros.evaluation.tracking import measure, record, table, watch
    from vlm_ros.models import find_model, load_model
    from vlm_ros.simulation.motion import MOTIONS

    loaded = load_model(find_model(model))
    filmed = []
    interrupted = False
    try:
        films = watch(loaded, seed, scenes, max(rates))
        for watched in tqdm(films, total=scenes * len(MOTIONS), unit="motion"):
            filmed.append(watched)
    except KeyboardInterrupt:
        interrupted = True
    results = measure(filmed, rates, drop)
    problems = _Problems("stop")
    if as_json:
        _print_json(record(results), problems, interrupted)
    else:
        click.echo(table(results))
    _end(len(filmed), problems, interrupted)


@command.command()
@click.option(
    "--scenes",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="How many unseen scenes.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the first of them."
)
@_model
@_json
def position(scenes: int, seed: int, model: Path | None, as_json: bool) -> None:
    """How far positions, boxes and masks in depth are from the truth of rendered scenes.

    Of all clearly visible objects at 0.5 to 1 m, in their true boxes and in the model's, with the
    depth as it is, as a stereo camera measures it, and with holes.
    """
    from tqdm import tqdm

    from vlm_ros.evaluation.positions import Located, located, record, table
    from vlm_ros.evaluation.simulated import FIRST_TRAINED_SEED
    from vlm_ros.evaluation.simulated import scenes as seen_scenes
    from vlm_ros.models import find_model, load_model

    if seed + scenes > FIRST_TRAINED_SEED:
        raise click.BadParameter(f"scenes from seed {FIRST_TRAINED_SEED} on are trained on")
    loaded = load_model(find_model(model))
    items: list[Located] = []
    interrupted = False
    try:
        for scene in tqdm(seen_scenes(range(seed, seed + scenes)), total=scenes, unit="scene"):
            items.extend(located(scene, loaded))
    except KeyboardInterrupt:
        interrupted = True
    problems = _Problems("stop")
    if as_json:
        _print_json({"positions": record(items)}, problems, interrupted)
    elif items:
        click.echo(table(items))
    _end(len(items), problems, interrupted)


@command.command()
@click.argument("reference", metavar="REFERENCE")
@click.argument("other", metavar="OTHER")
@click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder of pictures.",
)
@_json
def agreement(reference: str, other: str, images: Path, as_json: bool) -> None:
    """How far the model OTHER is from REFERENCE, e.g. in eight bits; both like OWL-ViT.

    Region by region, and in what they point at for the eighty names of COCO.
    """
    from dataclasses import asdict

    from tqdm import tqdm

    from vlm_ros.coco import COCO_NAMES
    from vlm_ros.evaluation.agreement import compare
    from vlm_ros.images import pictures_in
    from vlm_ros.models import find_model

    pictures = pictures_in(images)
    found = asdict(
        compare(find_model(reference), find_model(other), tqdm(pictures), list(COCO_NAMES))
    )
    if as_json:
        click.echo(json.dumps(found))
    else:
        click.echo("\n".join(f"{name:<14} {value:g}" for name, value in found.items()))


def _grounder(model: Path | None) -> Grounder:
    from vlm_ros.evaluation.remembering import RememberingModel
    from vlm_ros.models import find_model, load_model
    from vlm_ros.pipeline import Grounder

    return Grounder(RememberingModel(load_model(find_model(model))))


def _measure(
    answers: Iterator[tuple[Item, NDArray[Any]]],
    as_json: bool,
    failures: Path | None,
    problems: _Problems,
) -> None:
    """Collects answers until they end or Ctrl-C is pressed, and reports them."""
    from vlm_ros.evaluation.contact_sheet import ContactSheet
    from vlm_ros.evaluation.reports import record, table
    from vlm_ros.images import write_image

    items: list[Item] = []
    sheet, interrupted = ContactSheet(), False
    try:
        for item, image in answers:
            items.append(item)
            if failures is not None:
                sheet.add(item, image)
    except KeyboardInterrupt:
        interrupted = True
    if as_json:
        _print_json(record(items), problems, interrupted)
    else:
        click.echo(table(items))
    if failures is not None:
        write_image(failures, sheet.drawn())
    _end(len(items), problems, interrupted)


def _print_json(measured: dict[str, Any], problems: _Problems, interrupted: bool) -> None:
    click.echo(json.dumps({**measured, "skipped": problems.skipped, "interrupted": interrupted}))


def _end(measured: int, problems: _Problems, interrupted: bool) -> None:
    """Says what is missing from the figures, and ends the command accordingly."""
    if problems.skipped:
        click.echo(f"{len(problems.skipped)} could not be used and are not counted.", err=True)
    if interrupted:
        click.echo("Interrupted: the figures are those of what was measured so far.", err=True)
        raise SystemExit(INTERRUPTED_EXIT)
    if not measured:
        click.echo("Nothing was measured.", err=True)
        raise SystemExit(NOTHING_MEASURED_EXIT)
