"""Renders labelled pictures of many scenes into a folder.

The folder holds `images/<seed>_<view>.jpg` and `annotations.jsonl`, one line for each picture.
While it grows, `scenes/<seed>.jsonl` holds the lines of the scenes that are finished: a run that
was interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.photography import Image, developed
from vlm_ros.simulation.scans import Scan, load_scans
from vlm_ros.simulation.scene import generate_scene, view_camera
from vlm_ros.simulation.snapshot import generate_snapshot, snapshot_camera
from vlm_ros.simulation.tabletop import ObjectTruth, RenderedFrame, Tabletop

JPEG_QUALITY = 92
LEAST_VISIBLE = 0.15
SMALLEST_BOX = 8
"""Pixels; objects with a narrower or lower box are left out."""


@dataclass(frozen=True)
class DatasetOptions:
    """What each picture of a data set is like.

    Attributes:
        folder: where it is written.
        views: pictures of each scene.
        width: of a picture, pixels.
        height: of a picture, pixels.
        photographs: pictures that some tables, floors and walls are covered with.
        meshes: folder of scanned objects; with it the pictures are snapshots of these.
        generated: share of the simulator's own objects among the scanned ones.
        upright: share of the pictures whose width and height are exchanged.
    """

    folder: Path
    views: int = 1
    width: int = 640
    height: int = 480
    photographs: tuple[Path, ...] = ()
    meshes: Path | None = None
    generated: float = 0.0
    upright: float = 0.0


def render_dataset(
    options: DatasetOptions, seeds: Sequence[int], jobs: int = 1
) -> Generator[int, None, None]:
    """Renders the scenes of seeds that are not rendered yet, yielding each seed as it is done.

    Args:
        options: where to and how.
        seeds: which scenes.
        jobs: worker processes.

    Raises:
        SimulationError: the folder cannot be written or nothing can be rendered here.
    """
    _make_folders(options.folder)
    missing = [seed for seed in seeds if not _lines_file(options.folder, seed).is_file()]
    done = set(seeds) - set(missing)
    try:
        yield from sorted(done)
        if jobs == 1:
            for seed in missing:
                render_scene(options, seed)
                yield seed
        else:
            yield from _render_in_parallel(options, missing, jobs)
    finally:
        gather_annotations(options.folder)


def _render_in_parallel(options: DatasetOptions, seeds: Sequence[int], jobs: int) -> Iterator[int]:
    with _workers(jobs) as pool:
        futures: dict[Future[None], int] = {
            pool.submit(render_scene, options, seed): seed for seed in seeds
        }
        for future in as_completed(futures):
            try:
                future.result()
            except BrokenProcessPool as error:
                raise SimulationError(
                    "A worker process was killed, perhaps for lack of memory; run the same "
                    "command again with fewer jobs, it goes on where it stopped."
                ) from error
            yield futures[future]


@contextmanager
def _workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes, because an OpenGL context does not survive a fork."""
    pool = ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    # The parent answers Ctrl-C; a worker finishes the scene it is at.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One core each: Mesa's software rasteriser would start a thread for every core.
    os.environ["LP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)


def render_scene(options: DatasetOptions, seed: int) -> None:
    """Renders all views of one scene and writes its pictures, then its lines."""
    take = _overviews if options.meshes is None else _snapshots
    lines = []
    for view, (rgb, frame) in enumerate(take(options, seed)):
        image = f"images/{seed:06d}_{view}.jpg"
        ok, encoded = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not ok:
            raise SimulationError(f"The picture {image} cannot be encoded as JPEG.")
        _write_whole(options.folder / image, encoded.tobytes())
        lines.append(json.dumps(annotation(image, seed, frame)) + "\n")
    _write_whole(_lines_file(options.folder, seed), "".join(lines).encode())


def _overviews(options: DatasetOptions, seed: int) -> Iterator[tuple[Image, RenderedFrame]]:
    """A robot's views of generated objects, as they are rendered."""
    scene = generate_scene(seed, options.photographs)
    with Tabletop(scene) as tabletop:
        for view in range(options.views):
            camera = view_camera(scene, view)
            frame = tabletop.render(camera, *_size(options, seed, view))
            yield frame.rgb, frame


def _snapshots(options: DatasetOptions, seed: int) -> Iterator[tuple[Image, RenderedFrame]]:
    """Somebody's photographs of scanned objects."""
    assert options.meshes is not None
    scans = _scans(options.meshes)
    scene = generate_snapshot(seed, scans, options.generated, options.photographs)
    with Tabletop(scene) as tabletop:
        things = [
            (tabletop.pose(item.name).position, float(np.linalg.norm(item.size)) / 2)
            for item in tabletop.objects
        ]
        for view in range(options.views):
            rng = np.random.default_rng([seed, 3, view])
            width, height = _size(options, seed, view)
            camera = snapshot_camera(rng, things, width, height)
            frame = tabletop.render(camera, width, height)
            yield developed(frame.rgb, frame.depth, rng), frame


def _size(options: DatasetOptions, seed: int, view: int) -> tuple[int, int]:
    """Width and height of a picture."""
    if np.random.default_rng([seed, 4, view]).random() < options.upright:
        return options.height, options.width
    return options.width, options.height


@lru_cache(maxsize=4)
def _scans(folder: Path) -> tuple[Scan, ...]:
    return load_scans(folder)


def annotation(image: str, seed: int, frame: RenderedFrame) -> dict[str, Any]:
    """The line of one picture: what is in it that a person could point at."""
    return {
        "image": image,
        "seed": seed,
        "width": frame.intrinsics.width,
        "height": frame.intrinsics.height,
        "objects": [_entry(truth) for truth in frame.objects if _can_be_seen(truth)],
    }


def _can_be_seen(truth: ObjectTruth) -> bool:
    x1, y1, x2, y2 = truth.box
    large = min(x2 - x1, y2 - y1) >= SMALLEST_BOX
    return large and truth.visible_fraction >= LEAST_VISIBLE


def _entry(truth: ObjectTruth) -> dict[str, Any]:
    return {
        "name": truth.name,
        "attributes": dict(truth.attributes),
        "parts": [{"name": name, "colour": colour} for name, colour in truth.parts],
        **({"names": list(truth.names)} if truth.names else {}),
        **({"accents": list(truth.accents)} if truth.accents else {}),
        **({"posture": truth.posture} if truth.posture else {}),
        "box": list(truth.box),
        "visible": round(truth.visible_fraction, 4),
        "position": [round(value, 4) for value in truth.position],
    }


def gather_annotations(folder: Path) -> None:
    """Writes `annotations.jsonl` from the lines of all finished scenes, in order of seed."""
    files = sorted((folder / "scenes").glob("*.jsonl"), key=lambda file: int(file.stem))
    _write_whole(folder / "annotations.jsonl", b"".join(file.read_bytes() for file in files))


def _lines_file(folder: Path, seed: int) -> Path:
    return folder / "scenes" / f"{seed:06d}.jsonl"


def _make_folders(folder: Path) -> None:
    try:
        for name in ("images", "scenes"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SimulationError(f"The folder {folder} cannot be written: {error}.") from error


def _write_whole(path: Path, content: bytes) -> None:
    """Writes a file under another name first, so that nobody sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
