"""Things cut out of photographs in which they lie on a plain ground.

A person who photographs a mug on a bare table has all that a detector can learn the mug from, but
not the many tables it may stand on; see `collage` for these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import iou
from vlm_ros.training.annotations import DataError, read_coco, read_picture

SMALLEST = 50  # pixels; narrower things are too coarse to be pasted anywhere
LARGEST = 320  # pixels of the longer side that is worked at and kept
MARGIN = 0.12  # of the longer side of a box: the ground around it that is looked at
# Colours are compared by the sum of the differences of L, a and b, each 0..255 (CIELAB).
UNEVEN = 30.0  # a ground of which 15 % differ by more from a smooth one is not plain
GROUND = 10.0  # what differs by less is ground, unless its surroundings say otherwise
HOLE = 14.0  # what is enclosed and differs by more belongs to the thing
CONTRAST = 14.0  # between thing and ground along the outline; below, the outline is a guess
FITS = 0.8  # overlap of the outline's box with the label's
WHOLE = 0.9  # share of what is not ground that hangs together
OVERLAP = 0.05  # of a box that another thing's box may cover


@dataclass(frozen=True)
class Cutout:
    """A thing without its surroundings.

    Attributes:
        path: PNG file with transparency.
        name: its kind, a noun.
        phrases: others that are true of it, see `annotations.read_coco`.
    """

    path: Path
    name: str
    phrases: tuple[str, ...]


def read_cutouts(folder: Path) -> list[Cutout]:
    """Those listed in `cutouts.jsonl` of a folder, as far as their pictures are still there.

    Whoever looks through a folder of cut-outs deletes the pictures that failed.

    Raises:
        DataError: no list there, or a line that is not one of it.
    """
    source = folder / "cutouts.jsonl"
    if not source.is_file():
        raise DataError(f"{source} does not exist; make it with 'vlm-ros data cutouts'.")
    found = []
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            path = folder / record["image"]
            cutout = Cutout(path, str(record["name"]), tuple(record.get("phrases", ())))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{source}, line {number}: not a cut-out ({error!r}).") from error
        if path.is_file():
            found.append(cutout)
    return found


def write_cutouts(labels: Path, folder: Path) -> Iterator[int]:
    """Cuts out all that can be, picture by picture, yielding how many were cut out of each.

    Writes `folder/ANNOTATION.png`, and `folder/cutouts.jsonl` when all pictures are done.

    Args:
        labels: photographs in COCO's format, see `annotations.read_coco`.
        folder: made where it does not exist.

    Raises:
        DataError: see `annotations.read_coco`.
    """
    read_coco(labels)  # Says what is wrong before anything is written.
    data = json.loads(labels.read_text(encoding="utf-8"))
    names = {category["id"]: str(category["name"]) for category in data["categories"]}
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for image in data["images"]:
        own = [a for a in data["annotations"] if a["image_id"] == image["id"]]
        boxes = _corners([annotation["bbox"] for annotation in own])
        before = len(lines)
        if len(own):
            picture = read_picture(labels.parent / image["file_name"])
            for index, annotation in enumerate(own):
                pixels = cut_out(picture, boxes, index)
                if pixels is None:
                    continue
                name = f"{annotation['id']}.png"
                _write_png(folder / name, pixels)
                phrases = annotation.get("phrases", [])
                record = {"image": name, "name": names[annotation["category_id"]]}
                lines.append(json.dumps({**record, "phrases": phrases}) + "\n")
        yield len(lines) - before
    part = folder / ".cutouts.jsonl.part"
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(folder / "cutouts.jsonl")


def cut_out(
    picture: NDArray[np.uint8], boxes: NDArray[np.float64], index: int
) -> NDArray[np.uint8] | None:
    """A thing without its surroundings, where these are plain and nothing else is in the way.

    The outline is found by GrabCut (Rother, Kolmogorov, Blake 2004), which is told what has the
    colour of the ground: a smooth function of place, fitted to what is around the box.

    Args:
        picture: (H, W, 3) RGB.
        boxes: (G, 4) xyxy pixels of all that is labelled.
        index: which of them.

    Returns:
        (h, w, 4) RGB and opacity, at most `LARGEST` pixels high and wide; None where it cannot be
        told from its surroundings.
    """
    x1, y1, x2, y2 = boxes[index]
    if min(x2 - x1, y2 - y1) < SMALLEST or _disturbed(boxes, index):
        return None
    height, width = picture.shape[:2]
    margin = MARGIN * max(x2 - x1, y2 - y1)
    left, top = int(max(x1 - margin, 0)), int(max(y1 - margin, 0))
    right, bottom = int(min(x2 + margin, width)), int(min(y2 + margin, height))
    crop = picture[top:bottom, left:right]
    scale = min(1.0, LARGEST / max(crop.shape[:2]))
    crop = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    inside = np.zeros(crop.shape[:2], bool)
    box = (boxes[index] - [left, top, left, top]) * scale
    # A label's edge may be a little within the thing's.
    columns = slice(max(int(box[0]) - 2, 0), int(box[2]) + 3)
    inside[max(int(box[1]) - 2, 0) : int(box[3]) + 3, columns] = True
    unlike = _unlike_ground(crop, inside)
    if unlike is None:
        return None
    thing = _outlined(crop, inside, unlike)
    if thing is None or not _convincing(crop, thing, box):
        return None
    # The outermost pixels are half of the ground: a rim that would give the thing away elsewhere.
    thing = cv2.erode(thing.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rows, across = np.flatnonzero(thing.any(1)), np.flatnonzero(thing.any(0))
    opacity = cv2.GaussianBlur(thing.astype(np.uint8) * 255, (0, 0), 0.8)
    cut = np.dstack([crop, opacity])
    return np.ascontiguousarray(cut[rows[0] : rows[-1] + 1, across[0] : across[-1] + 1])


def _disturbed(boxes: NDArray[np.float64], index: int) -> bool:
    """Whether another thing's box covers some of a box; smaller ones within it are its parts."""
    own = boxes[index]
    others = np.delete(boxes, index, 0)
    low, high = np.maximum(own[:2], others[:, :2]), np.minimum(own[2:], others[:, 2:])
    common = (high - low).clip(0).prod(1)
    area = (own[2:] - own[:2]).prod()
    sizes = (others[:, 2:] - others[:, :2]).prod(1)
    part = (common > 0.95 * sizes) & (sizes < 0.5 * area)
    return bool(((common > OVERLAP * area) & ~part).any())


def _unlike_ground(
    crop: NDArray[np.uint8], inside: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    """How much each pixel differs from the ground (h, w); None where the ground is not plain."""
    lab = cv2.cvtColor(cv2.GaussianBlur(crop, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float64)
    height, width = inside.shape
    y, x = np.mgrid[:height, :width]
    y, x = y / height - 0.5, x / width - 0.5
    terms = np.dstack([np.ones_like(x), x, y, x * x, y * y, x * y])
    seen, around = lab[~inside], terms[~inside]
    if len(seen) < 150:
        return None
    weight = np.ones(len(seen))
    # Reweighted least squares: what else is in the margin does not count.
    for _ in range(4):
        ground = np.linalg.lstsq(around * weight[:, None], seen * weight[:, None], rcond=None)[0]
        rest = np.abs(seen - around @ ground).sum(1)
        weight = 1 / (1 + (rest / 8) ** 2)
    if np.percentile(rest, 85) > UNEVEN:
        return None
    unlike: NDArray[np.float64] = np.abs(lab - terms @ ground).sum(2)
    return unlike


def _outlined(
    crop: NDArray[np.uint8], inside: NDArray[np.bool_], unlike: NDArray[np.float64]
) -> NDArray[np.bool_] | None:
    """The thing's pixels (h, w); None where they do not hang together."""
    mask = np.full(inside.shape, cv2.GC_BGD, np.uint8)
    mask[inside] = cv2.GC_PR_FGD
    mask[inside & (unlike < GROUND)] = cv2.GC_PR_BGD
    if not (mask == cv2.GC_PR_FGD).any():
        return None
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(crop, mask, None, *models, 6, cv2.GC_INIT_WITH_MASK)
    fore = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    fore = np.asarray(cv2.morphologyEx(fore, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(fore)
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    if areas.max() < WHOLE * areas.sum():
        return None
    thing = (pieces == 1 + areas.argmax()).astype(np.uint8)
    outlines, _ = cv2.findContours(thing, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(thing), outlines, -1, 1, -1)
    count, holes, stats, _ = cv2.connectedComponentsWithStats(filled - thing)
    for hole in range(1, count):
        within = holes == hole
        speck = stats[hole, cv2.CC_STAT_AREA] < 0.002 * filled.sum()
        if speck or unlike[within].mean() > HOLE:
            thing[within] = 1
    return thing.astype(bool)


def _convincing(
    crop: NDArray[np.uint8], thing: NDArray[np.bool_], box: NDArray[np.float64]
) -> bool:
    """Whether an outline fills its label's box and stands out from what is around it."""
    rows, columns = np.flatnonzero(thing.any(1)), np.flatnonzero(thing.any(0))
    found = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], np.float32)
    if iou(found, box[None].astype(np.float32))[0, 0] < FITS:
        return False
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float64)
    solid = thing.astype(np.uint8)
    inner = thing & (cv2.erode(solid, np.ones((7, 7), np.uint8)) == 0)
    outer = ~thing & (cv2.dilate(solid, np.ones((9, 9), np.uint8)) > 0)
    if not outer.any():
        return False
    difference = np.abs(lab[inner].mean(0) - lab[outer].mean(0)).sum()
    return bool(difference >= CONTRAST)


def _corners(boxes: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    xywh = np.asarray(boxes, np.float64).reshape(-1, 4)
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], 1)


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    _, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA))
    path.write_bytes(data.tobytes())
