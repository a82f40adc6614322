"""How far the position of an object is from the truth of the simulator."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.evaluation.appearance import is_clear
from vlm_ros.evaluation.depth_noise import SENSORS
from vlm_ros.evaluation.judging import RIGHT_IOU, Box
from vlm_ros.evaluation.reports import aligned
from vlm_ros.evaluation.simulated import SeenScene
from vlm_ros.geometry.boxes import iou
from vlm_ros.geometry.position import Position, locate
from vlm_ros.geometry.rotations import matrix
from vlm_ros.models import Model
from vlm_ros.simulation.tabletop import ObjectTruth

NEAREST_M, FARTHEST_M = 0.5, 1.0
"""Objects at these distances are measured."""

HEADS = (
    *("depth", "boxes", "n", "none", "centre p50", "p90", "p95", "<= 1 cm", "<= 3 cm"),
    *("mask p50", "p10", "length", "width", "height", "turned", "ms"),
)
LEGEND = (
    "centre: mm from the middle of the body, of n objects; none: so many have no position. mask:\n"
    "IoU with the visible pixels. length, width, height: medians of how far the sides of the box\n"
    "are off, mm; turned: degrees, of what is longer than wide. ms: median to locate one object.\n"
    "depth: exact, as a RealSense D435 measures it (stereo), exact with a quarter missing (torn)."
)

# A thing has a direction where one horizontal side is so many times the other.
_ELONGATED = 1.3


@dataclass(frozen=True)
class Located:
    """One object, located once.

    Attributes:
        sensor: what measured the depth, a key of `SENSORS`.
        boxes: whose box it was located in: "truth" or "model".
        kind: of the object.
        visible: the share of it that is seen.
        error: metres from the centre of its body; infinite where it has no position.
        sizes: what was measured less the truth along the longer and the shorter horizontal side
            and the height, metres; NaN where it has no position.
        turned: degrees between the longer sides; NaN where there is none that is longer.
        overlap: of the mask with its visible pixels, intersection over union.
        seconds: what it took.
    """

    sensor: str
    boxes: str
    kind: str
    visible: float
    error: float
    sizes: tuple[float, float, float]
    turned: float
    overlap: float
    seconds: float


def located(scene: SeenScene, model: Model) -> Iterator[Located]:
    """Locates the clear objects of a scene with every sensor, in the true boxes and the model's.

    A box of the model is the one that overlaps the true one most, if by half.
    """
    frame = scene.frame
    truths = [truth for truth in frame.objects if is_clear(truth) and _is_in_range(truth)]
    if not truths:
        return
    names = tuple(sorted({truth.name for truth in truths}))
    proposed = model.regions(frame.rgb, names).boxes
    for sensor, measure in SENSORS.items():
        rng = np.random.default_rng([scene.seed, 2])
        depth = measure(frame.depth, frame.intrinsics, rng)
        for truth in truths:
            for boxes, box in (("truth", truth.box), ("model", _matching(truth, proposed))):
                if box is None:
                    continue
                begun = time.perf_counter()
                found = locate(depth, box, frame.intrinsics)
                seconds = time.perf_counter() - begun
                position = None if found is None else found.position
                overlap = 0.0 if found is None else _overlap(found.mask, truth.mask)
                error, sizes, turned = errors(position, truth)
                yield Located(
                    sensor=sensor,
                    boxes=boxes,
                    kind=truth.name,
                    visible=truth.visible_fraction,
                    error=error,
                    sizes=sizes,
                    turned=turned,
                    overlap=overlap,
                    seconds=seconds,
                )


def record(items: Sequence[Located]) -> list[dict[str, Any]]:
    """The figures of each sensor and kind of box, ready for JSON; lengths in millimetres."""
    return [
        {"sensor": sensor, "boxes": boxes, **_figures(some)}
        for (sensor, boxes), some in _groups(items)
    ]


def table(items: Sequence[Located]) -> str:
    """The figures, for people."""
    rows: list[tuple[str, ...]] = [HEADS]
    for (sensor, boxes), some in _groups(items):
        rows.append((sensor, boxes, *map(_cell, _figures(some).values())))
    return f"{aligned(rows)}\n\n{LEGEND}"


def _groups(items: Sequence[Located]) -> Iterator[tuple[tuple[str, str], list[Located]]]:
    for key in dict.fromkeys((item.sensor, item.boxes) for item in items):
        yield key, [item for item in items if (item.sensor, item.boxes) == key]


def _figures(items: Sequence[Located]) -> dict[str, float | None]:
    off = np.array([item.error for item in items]) * 1e3
    overlaps = np.array([item.overlap for item in items])
    sizes = np.abs([item.sizes for item in items if np.isfinite(item.error)]) * 1e3
    turned = [item.turned for item in items if np.isfinite(item.turned)]
    sides = np.median(sizes, axis=0).tolist() if len(sizes) else [None] * 3
    return {
        "n": len(items),
        "no_position": int(np.isinf(off).sum()),
        **{f"centre_p{rank}": _percentile(off, rank) for rank in (50, 90, 95)},
        "within_1_cm": float((off <= 10.0).mean()),
        "within_3_cm": float((off <= 30.0).mean()),
        "mask_iou_p50": float(np.median(overlaps)),
        "mask_iou_p10": float(np.percentile(overlaps, 10)),
        **dict(zip(("length_p50", "width_p50", "height_p50"), sides, strict=True)),
        "turned_p50": float(np.median(turned)) if turned else None,
        "milliseconds_p50": float(np.median([item.seconds for item in items]) * 1e3),
    }


def _percentile(values: NDArray[np.float64], rank: int) -> float | None:
    """None where it is infinite, which JSON cannot say."""
    found = float(np.percentile(values, rank, method="higher"))
    return found if np.isfinite(found) else None


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _is_in_range(truth: ObjectTruth) -> bool:
    return NEAREST_M <= float(np.linalg.norm(truth.position)) <= FARTHEST_M


def _matching(truth: ObjectTruth, boxes: NDArray[np.float32]) -> Box | None:
    overlaps = iou([truth.box], boxes)[0]
    if not len(overlaps) or overlaps.max() < RIGHT_IOU:
        return None
    x1, y1, x2, y2 = (float(edge) for edge in boxes[int(overlaps.argmax())])
    return (x1, y1, x2, y2)


def errors(
    position: Position | None, truth: ObjectTruth
) -> tuple[float, tuple[float, float, float], float]:
    """How far a position is from the truth.

    Args:
        position: None where there is none.
        truth: about the object.

    Returns:
        As `Located` has them: `error`, `sizes`, `turned`.
    """
    nothing = float("nan")
    if position is None:
        return float("inf"), (nothing, nothing, nothing), nothing
    error = float(np.linalg.norm(np.subtract(position.centre, truth.position)))
    measured, true = matrix(position.orientation), matrix(truth.quaternion)
    # The object's own axes are named as it was modelled: which of them points up is found first.
    upright = int(np.abs(measured[:, 2] @ true).argmax())
    flat = [axis for axis in range(3) if axis != upright]
    longer, shorter = sorted(flat, key=lambda axis: -truth.size[axis])
    due = np.array([truth.size[longer], truth.size[shorter], truth.size[upright]])
    length, width, height = (float(side) for side in np.subtract(position.size, due))
    turned = nothing
    if truth.size[longer] >= _ELONGATED * truth.size[shorter]:
        cosine = min(abs(float(measured[:, 0] @ true[:, longer])), 1.0)
        turned = float(np.degrees(np.arccos(cosine)))
    return error, (length, width, height), turned


def _overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return float((first & second).sum() / max(int((first | second).sum()), 1))
