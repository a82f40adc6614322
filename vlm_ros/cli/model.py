"""List, download, export and inspect models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vlm_ros.hub.contents import Contents
    from vlm_ros.hub.inventory import Known

_UNITS = {"parameters": " million", "download": " MB"}
_NAME = click.argument("name")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def command() -> None:
    """Well-known open-vocabulary models: from the Hugging Face hub to a model folder.

    A checkpoint is pulled once, while there is a network, and exported once; from then on its name
    stands for the model folder wherever a command or the node asks for a model.
    """


@command.command(name="list")
@_JSON
def list_models(as_json: bool) -> None:
    """The models known by name, and which of them are here."""
    from vlm_ros.hub.inventory import inventory

    models = inventory()
    if as_json:
        click.echo(json.dumps({"models": [_known_record(model) for model in models]}))
    else:
        click.echo(_table(models))


@command.command()
@_NAME
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the checkpoint; default: one of this name in the cache folder.",
)
@click.option(
    "--revision", default="", help="Commit, branch or reference of the repository to take."
)
def pull(name: str, out: Path | None, revision: str) -> None:
    """Download the checkpoint of the model NAME from the Hugging Face hub.

    Pulled again, a checkpoint is checked, what is damaged comes again, and an interrupted download
    goes on where it stopped.
    """
    from vlm_ros.errors import ModelError
    from vlm_ros.hub.registry import find_entry
    from vlm_ros.places import checkpoints_folder

    entry = find_entry(name)
    if not entry.repository:
        raise ModelError(f"{entry.name} comes with the package; there is nothing to pull.")
    from vlm_ros.hub.pull import pull as fetch

    fetch(entry, out or checkpoints_folder() / entry.name, revision, _say)


@command.command()
@click.argument("model", metavar="NAME_OR_FOLDER")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Model folder to write; default: one of the same name in the data folder.",
)
def export(model: str, out: Path | None) -> None:
    """Write the model folder of a checkpoint: a pulled one by name, or any folder of transformers.

    Needs the extra 'export' (torch and transformers).
    """
    from vlm_ros.exporting import export_checkpoint
    from vlm_ros.hub.inventory import find_checkpoint
    from vlm_ros.places import models_folder

    checkpoint = find_checkpoint(model)
    written = export_checkpoint(
        checkpoint, out or models_folder() / checkpoint.resolve().name, _say
    )
    click.echo(f"Wrote the model folder {written}.")


@command.command()
@click.argument("model", metavar="NAME_OR_FOLDER")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Model folder to write; default: the name with '-int8' in the data folder.",
)
def quantise(model: str, out: Path | None) -> None:
    """Write a model folder whose vision transformer works on eight-bit numbers, for CPUs.

    For ONNX Runtime on CPUs; for GPUs see 'vlm-ros engine build --precision int8'. Needs the
    package onnx, of the extra 'export'.
    """
    from vlm_ros.exporting.quantise import quantise_folder
    from vlm_ros.models import find_model
    from vlm_ros.places import models_folder

    folder = find_model(model)
    written = quantise_folder(folder, out or models_folder() / f"{folder.resolve().name}-int8")
    click.echo(f"Wrote the model folder {written}.")


@command.command()
@click.argument("model", metavar="NAME_OR_FOLDER")
@_JSON
def info(model: str, as_json: bool) -> None:
    """What is known of a model, and what is in its model folder."""
    from vlm_ros.hub.contents import contents
    from vlm_ros.hub.inventory import inventory
    from vlm_ros.models import find_model

    known = next((known for known in inventory() if known.is_called(model)), None)
    record: dict[str, Any] = {} if known is None else _known_record(known)
    if known is None or known.folder is not None:
        record |= _folder_record(contents(find_model(model if known is None else known.folder)))
    click.echo(json.dumps(record) if as_json else _page(record))


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def _known_record(model: Known) -> dict[str, Any]:
    record = {} if model.entry is None else asdict(model.entry)
    places = {"checkpoint": model.checkpoint, "folder": model.folder}
    return (
        {"name": model.name}
        | record
        | {key: None if place is None else str(place) for key, place in places.items()}
    )


def _folder_record(contents: Contents) -> dict[str, Any]:
    spec = contents.spec
    return {
        "name": spec.name,
        "family": spec.family,
        "licence": spec.licence,
        "origin": spec.origin,
        "folder": str(spec.folder),
        "image": {
            "width": spec.vision.width,
            "height": spec.vision.height,
            "resize": spec.vision.resize,
        },
        "dimensions": spec.dimensions,
        "template": spec.text.template,
        "files": dict(contents.sizes),
        "graphs": [asdict(graph) for graph in contents.graphs],
        "engines": [
            {
                "id": engine.key.digest,
                "precision": engine.key.precision,
                "tensorrt": f"{engine.key.tensorrt} {engine.key.version}",
                "device": engine.key.device,
                "built": engine.built,
            }
            for engine in contents.engines
        ],
    }


def _table(models: Sequence[Known]) -> str:
    rows = [("NAME", "FAMILY", "LICENCE", "DOWNLOAD", "HERE", "ACCURACY (AP in %)")]
    rows += [_row(model) for model in models]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(model: Known) -> tuple[str, str, str, str, str, str]:
    entry = model.entry
    if entry is None:
        return (model.name, "", "", "", "exported", "")
    states = ["pulled"] * (model.checkpoint is not None)
    if model.folder is not None:
        states.append("exported" if entry.repository else "bundled")
    download = f"{entry.download:,} MB" if entry.download else ""
    return (
        model.name,
        entry.family,
        entry.licence,
        download,
        ", ".join(states) or "-",
        _accuracy(entry.accuracy),
    )


def _accuracy(values: Mapping[str, float]) -> str:
    return ", ".join(f"{measure} {value:.1f}" for measure, value in values.items())


def _page(record: Mapping[str, Any]) -> str:
    """A record as lines a person reads."""
    said = {key: value for key, value in record.items() if value not in (None, "", 0, {})}
    lines = [said.pop("name")]
    graphs, files, engines = (said.pop(key, ()) for key in ("graphs", "files", "engines"))
    if "accuracy" in said:
        said["accuracy"] = _accuracy(said["accuracy"])
    if "image" in said:
        said["image"] = "{width}x{height}, {resize}".format(**said["image"])
    lines += [f"  {key:<12}  {value}{_UNITS.get(key, '')}" for key, value in said.items()]
    lines += [f"  {file:<24}  {size / 1e6:10,.2f} MB" for file, size in dict(files).items()]
    for graph in graphs:
        lines.append(f"  {graph['file']}  sha256 {graph['sha256']}")
        lines += [_tensor("in", *item) for item in graph["inputs"].items()]
        lines += [_tensor("out", *item) for item in graph["outputs"].items()]
    lines += ["  engine {id:.12}  {precision}, {tensorrt}, {device}".format(**e) for e in engines]
    return "\n".join(lines)


def _tensor(direction: str, name: str, shape: Sequence[int | str | None]) -> str:
    return f"    {direction:<3} {name} ({', '.join(str(size) for size in shape)})"
