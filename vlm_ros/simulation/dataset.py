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
from pathlib import Path
from typing import Any

import cv2

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.scene import generate_scene, view_camera
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
    """

    folder: Path
    views: int = 1
    width: int = 640
    height: int = 480
    photographs: tuple[Path, ...] = ()


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
    scene = generate_scene(seed, options.photographs)
    lines = []
    with Tabletop(scene) as tabletop:
        for view in range(options.views):
            frame = tabletop.render(view_camera(scene, view), options.width, options.height)
            image = f"images/{seed:06d}_{view}.jpg"
            ok, encoded = cv2.imencode(
                ".jpg", frame.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
            )
            if not ok:
                raise SimulationError(f"The picture {image} cannot be encoded as JPEG.")
            _write_whole(options.folder / image, encoded.tobytes())
            lines.append(json.dumps(annotation(image, seed, frame)) + "\n")
    _write_whole(_lines_file(options.folder, seed), "".join(lines).encode())


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
