"""Build, list, verify and remove TensorRT engines."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vlm_ros.engines.api import TensorRT
    from vlm_ros.engines.cache import EngineCache, Entry

_KINDS = ("auto", "tensorrt", "tensorrt-rtx")
_CACHE = click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the engines; default: vlm_ros/engines in $XDG_CACHE_HOME or ~/.cache.",
)


@click.group()
def command() -> None:
    """TensorRT engines: a model made ready for the GPU of this robot.

    An engine is built once, which takes minutes, and then found by itself: the node and every
    command with '--runtime auto' or '--runtime tensorrt' run the engine that was built last for
    their model, this GPU and this version of TensorRT.
    """


@command.command()
@click.argument("model", required=False)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "int8"]),
    default="fp16",
    show_default=True,
    help="fp16 halves time and memory at nearly no loss; int8 is faster still, and needs pictures.",
)
@click.option(
    "--calibration",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of pictures (JPEG, PNG) like those the camera will see; 50 to 100 are enough.",
)
@click.option(
    "--workspace",
    type=click.IntRange(1),
    metavar="MIB",
    help="Limit of TensorRT's scratch memory; lower it where a build runs out of memory.",
)
@click.option(
    "--target",
    metavar="ARCH",
    help="For TensorRT for RTX: build for this GPU architecture, e.g. sm86, with no GPU needed. "
    "Default: one engine for all GPUs from sm80 on.",
)
@click.option(
    "--tensorrt",
    "kind",
    type=click.Choice(_KINDS),
    default="auto",
    show_default=True,
    help="Which TensorRT builds; auto takes the one that is installed.",
)
@_CACHE
def build(
    model: str | None,
    precision: str,
    calibration: Path | None,
    workspace: int | None,
    target: str | None,
    kind: str,
    cache: Path | None,
) -> None:
    """Build the engine of MODEL: a model folder or a model's name; default: the bundled one.

    What is in the cache and undamaged is not built again. Ctrl-C stops a build and leaves nothing.
    """
    if precision == "int8" and calibration is None:
        raise click.UsageError(
            "--precision int8 needs --calibration DIR: a folder of pictures that the robot's "
            "camera took."
        )
    from vlm_ros.engines.build import Order, build_engine
    from vlm_ros.engines.cache import EngineCache, EngineKey
    from vlm_ros.engines.device import device_of
    from vlm_ros.engines.digest import digest_of_graph
    from vlm_ros.engines.samples import samples_of
    from vlm_ros.models import read_spec

    spec = read_spec(_folder(model))
    tensorrt = _tensorrt(kind)
    samples = samples_of(spec, calibration)
    order = Order(
        model=spec.name,
        folder=spec.folder,
        graph=spec.vision.graph,
        size=(spec.vision.width, spec.vision.height),
        key=EngineKey(
            graph=digest_of_graph(spec.vision.graph),
            tensorrt=tensorrt.kind,
            version=tensorrt.version,
            device=device_of(tensorrt, target),
            precision=precision,
            calibration="" if precision == "fp32" else samples.fitting.digest(),
        ),
        tensorrt=tensorrt,
        target=target,
        samples=samples.fitting,
        checks=samples.checking,
        least=spec.vision.min_objectness,
        workspace=workspace,
    )
    folder = EngineCache(cache)
    with _Bar() as bar:
        entry = build_engine(order, folder, bar.show, bar.say)
    click.echo(f"{entry.engine}: {_described(entry)}")
    click.echo(_compared(entry, folder))


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_CACHE
def list_engines(as_json: bool, cache: Path | None) -> None:
    """The engines in the cache, the newest first."""
    from vlm_ros.engines.cache import EngineCache

    folder = EngineCache(cache)
    entries = folder.entries()
    if as_json:
        click.echo(
            json.dumps({"folder": str(folder.folder), "engines": [_record(e) for e in entries]})
        )
        return
    for entry in entries:
        click.echo(f"{entry.key.digest[:12]}  {_described(entry)}")
    if not entries:
        click.echo(
            f"There are no engines in {folder.folder}; build one with 'vlm-ros engine build'."
        )
    if leftovers := folder.leftovers():
        click.echo(f"{len(leftovers)} damaged files, never run: 'vlm-ros engine remove --damaged'.")


@command.command()
@click.argument("engines", nargs=-1)
@_CACHE
def verify(engines: tuple[str, ...], cache: Path | None) -> None:
    """Check the files of ENGINES (ids, or their beginnings); default: all.

    Where there is a GPU that runs them, they are also compared with ONNX Runtime, picture by
    picture. Exit code 1: an engine is damaged.
    """
    from vlm_ros.engines.cache import EngineCache
    from vlm_ros.errors import EngineError

    folder = EngineCache(cache)
    damaged = 0
    for entry in _named(folder, engines) if engines else folder.entries():
        try:
            folder.read(entry)
        except EngineError as error:
            damaged += 1
            click.echo(f"{entry.key.digest[:12]}  {error} Build it again.")
            continue
        click.echo(f"{entry.key.digest[:12]}  whole. {_compared(entry, folder)}")
    leftovers = folder.leftovers()
    for path in leftovers:
        click.echo(f"{path.stem[:12]}  {path} has no description that can be read; never run.")
    if damaged or leftovers:
        raise SystemExit(1)


@command.command()
@click.argument("engines", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Remove all engines.")
@click.option("--damaged", is_flag=True, help="Remove what cannot be run.")
@_CACHE
def remove(engines: tuple[str, ...], everything: bool, damaged: bool, cache: Path | None) -> None:
    """Remove ENGINES (ids, or their beginnings) from the cache."""
    from vlm_ros.engines.cache import EngineCache

    if not (engines or everything or damaged):
        raise click.UsageError("name engines by their ids ('vlm-ros engine list'), or use --all.")
    folder = EngineCache(cache)
    chosen = folder.entries() if everything else _named(folder, engines)
    if damaged:
        chosen += [entry for entry in folder.entries() if _is_damaged(folder, entry)]
    for entry in {entry.engine: entry for entry in chosen}.values():
        folder.remove(entry)
        click.echo(f"removed {_described(entry)}")
    if damaged or everything:
        for path in folder.leftovers():
            path.unlink(missing_ok=True)
            click.echo(f"removed {path}")


class _Bar:
    """Progress in one line of a terminal; nothing elsewhere."""

    def __enter__(self) -> _Bar:
        from tqdm import tqdm

        # None: only where standard error is a terminal.
        look = "{percentage:3.0f}% |{bar:30}| {elapsed} {desc}"
        self._bar = tqdm(total=100, bar_format=look, leave=False, disable=None)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def say(self, sentence: str) -> None:
        """Says something that stays."""
        self._bar.write(sentence, file=sys.stderr)

    def show(self, fraction: float, phase: str) -> None:
        """Shows how far it is; a share that is smaller than before begins anew."""
        self._bar.set_description_str(phase, refresh=False)
        self._bar.n = round(100 * fraction)
        self._bar.refresh()


def _folder(model: str | None) -> Path:
    from vlm_ros.models import bundled_model, find_model

    return bundled_model() if model is None else find_model(model)


def _tensorrt(kind: str) -> TensorRT:
    """The TensorRT that was asked for; of those that are installed, the machine's own first."""
    from vlm_ros.engines.api import TENSORRT, TENSORRT_RTX, find_tensorrt
    from vlm_ros.errors import RuntimeUnavailableError

    if kind != "auto":
        return find_tensorrt(kind)
    reasons = []
    for candidate in (TENSORRT, TENSORRT_RTX):
        try:
            return find_tensorrt(candidate)
        except RuntimeUnavailableError as error:
            reasons.append(str(error))
    raise RuntimeUnavailableError(" ".join(reasons))


def _named(cache: EngineCache, names: Sequence[str]) -> list[Entry]:
    entries = cache.entries()
    chosen = []
    for name in names:
        found = [entry for entry in entries if entry.key.digest.startswith(name)]
        if len(found) != 1:
            raise click.BadParameter(
                f"{len(found) or 'no'} engines have an id that begins with '{name}'; "
                "see 'vlm-ros engine list'.",
                param_hint="ENGINES",
            )
        chosen += found
    return chosen


def _is_damaged(cache: EngineCache, entry: Entry) -> bool:
    from vlm_ros.errors import EngineError

    try:
        cache.read(entry)
    except EngineError:
        return True
    return False


def _described(entry: Entry) -> str:
    key = entry.key
    return (
        f"{entry.model}, {key.precision}, {key.tensorrt} {key.version}, {key.device}, "
        f"{entry.size / 1e6:.1f} MB, built {entry.built}"
    )


def _record(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.key.digest,
        "file": str(entry.engine),
        "model": entry.model,
        "built": entry.built,
        "bytes": entry.size,
        "sha256": entry.sha256,
        "graph_sha256": entry.key.graph,
        "tensorrt": entry.key.tensorrt,
        "version": entry.key.version,
        "device": entry.key.device,
        "precision": entry.key.precision,
        **entry.facts,
    }


def _compared(entry: Entry, cache: EngineCache) -> str:
    """Compares an engine where it runs; what its reports say."""
    from vlm_ros.engines.check import parity_of_engine
    from vlm_ros.engines.samples import samples_of
    from vlm_ros.errors import ModelError, RuntimeUnavailableError
    from vlm_ros.models import read_spec

    sentences = []
    if graph := entry.facts.get("parity_of_the_graph"):
        sentences.append(f"The {entry.key.precision} graph, in ONNX Runtime: {_figures(graph)}")
    try:
        spec = read_spec(Path(str(entry.facts["folder"])))
        parity = parity_of_engine(spec, entry, cache, samples_of(spec, None).checking)
    except (ModelError, RuntimeUnavailableError) as error:
        sentences.append(f"The engine was not run here: {error}")
    else:
        entry = cache.note(entry, {"parity_of_the_engine": parity.as_json()})
        sentences.append(f"The engine: {_figures(parity.as_json())}")
    return "\n".join(sentences)


def _figures(parity: dict[str, Any]) -> str:
    others = "".join(
        f", {name} {value:.2g}" for name, value in parity["largest_difference"].items()
    )
    return (
        f"{parity['regions']} regions of {parity['inputs']} pictures, against FP32: boxes differ "
        f"by at most {parity['largest_box_px']:.2g} px (typically {parity['typical_box_px']:.2g}), "
        f"cosine of embeddings at least {parity['lowest_cosine']:.4f} (typically "
        f"{parity['typical_cosine']:.4f}){others}."
    )
