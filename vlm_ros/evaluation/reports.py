"""What was measured, as a table for people and as a record for programs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vlm_ros.evaluation.detection import Comparison, Counts
from vlm_ros.evaluation.judging import RIGHT_IOU, Box, Item
from vlm_ros.evaluation.shares import Share
from vlm_ros.grounding.result import Status

LEGEND = (
    "P@1: the first box given has IoU >= 0.5 with the right one, whatever the status; recall@5:\n"
    "one of the first five has. answered: the status is right as well, FOUND with the right box,\n"
    "NOT_FOUND where the thing is absent, AMBIGUOUS where several fit. In brackets: 95 % intervals."
)


def table(items: Sequence[Item]) -> str:
    """Shares by category, and how often each status was given."""
    rows: list[tuple[str, ...]] = [("", "n", "P@1", "recall@5", "answered")]
    categories = by_category(items)
    for name, members in categories.items():
        rows.append((name, str(len(members)), *_cells(members)))
    if len(categories) > 1:
        rows.append(("all", str(len(items)), *_cells(items)))
    return "\n".join([aligned(rows), _statuses(items), "", LEGEND])


def record(items: Sequence[Item]) -> dict[str, Any]:
    """Everything measured, ready for JSON.

    `n` counts all items; `p_at_1` and `recall_at_5` are over the `n_present` of them that one
    thing fits, and null where there is none.
    """
    return {
        **_measures(items),
        "statuses": dict(_counted(items)),
        "categories": {name: _measures(members) for name, members in by_category(items).items()},
        "by": breakdown(items),
        "items": [_item(item) for item in items],
    }


def breakdown(items: Iterable[Item]) -> dict[str, dict[str, Any]]:
    """Shares by every word that questions are tagged with, e.g. by noun and by colour."""
    tagged: dict[str, dict[str, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        for kind, word in item.question.tags:
            tagged[kind][word].append(item)
    return {
        kind: {word: _measures(members) for word, members in sorted(words.items())}
        for kind, words in tagged.items()
    }


def by_category(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Items of each category: first those one thing fits, then several, then none."""
    grouped: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        grouped[item.question.category].append(item)
    return dict(sorted(grouped.items(), key=lambda group: group[1][0].question.due))


def detection_table(comparison: Comparison, threshold: float) -> str:
    """Precision and recall of each detector."""
    rows = [("", "precision", "recall")]
    for name, counts in comparison.counts.items():
        rows.append((name, _cell(counts.precision), _cell(counts.recall)))
    title = f"{comparison.pictures} pictures, score >= {threshold:g}, IoU >= {RIGHT_IOU:g}"
    return f"{title}\n{aligned(rows)}"


def detection_record(
    comparison: Comparison, names: Sequence[str], threshold: float
) -> dict[str, Any]:
    """Precision and recall of each detector, in all and by name, ready for JSON."""
    return {
        "pictures": comparison.pictures,
        "threshold": threshold,
        "detectors": {
            detector: {
                **_detected(counts),
                "classes": {
                    name: _detected(counts.of(index))
                    for index, name in enumerate(names)
                    if counts.labelled[index] or counts.detected[index]
                },
            }
            for detector, counts in comparison.counts.items()
        },
    }


def _detected(counts: Counts) -> dict[str, Any]:
    return {
        "matched": counts.precision.right,
        "detected": counts.precision.of,
        "labelled": counts.recall.of,
        **_measure("precision", counts.precision),
        **_measure("recall", counts.recall),
    }


def _share(items: Iterable[Item], holds: Callable[[Item], bool]) -> Share:
    """Among the questions that one thing fits."""
    return Share.among(holds(item) for item in items if item.question.due is Status.FOUND)


def _shares(items: Sequence[Item]) -> dict[str, Share]:
    return {
        "p_at_1": _share(items, lambda item: item.first_right),
        "recall_at_5": _share(items, lambda item: item.among_five),
        "answered": Share.among(item.answered for item in items),
    }


def _cells(items: Sequence[Item]) -> list[str]:
    return [_cell(share) for share in _shares(items).values()]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equally many cells as lines with columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _cell(share: Share) -> str:
    if share.value is None:
        return "-"
    low, high = share.interval
    return f"{share.value:.3f} ({share.right} of {share.of}) [{low:.3f}, {high:.3f}]"


def _measures(items: Sequence[Item]) -> dict[str, Any]:
    shares = _shares(items)
    measures: dict[str, Any] = {"n": len(items), "n_present": shares["p_at_1"].of}
    for name, share in shares.items():
        measures.update(_measure(name, share))
    return measures


def _measure(name: str, share: Share) -> dict[str, Any]:
    return {
        name: None if share.value is None else round(share.value, 4),
        f"{name}_interval": [round(limit, 4) for limit in share.interval],
    }


def _counted(items: Iterable[Item]) -> Counter[str]:
    return Counter(item.status.name for item in items)


def _statuses(items: Sequence[Item]) -> str:
    return "; ".join(f"{name} {count}" for name, count in _counted(items).most_common())


def _item(item: Item) -> dict[str, Any]:
    best = item.given[0] if item.given else None
    return {
        "image": item.question.image,
        "expression": item.question.expression,
        "category": item.question.category,
        "right_boxes": [_rounded(box) for box in item.question.boxes],
        "status": item.status.name,
        "box": _rounded(best.box) if best else None,
        "score": round(best.score, 4) if best else None,
        "iou": round(item.overlap, 4) if item.question.boxes else None,
        "iou_of_five": [round(overlap, 4) for overlap in item.overlaps],
        "answered": item.answered,
        "reason": item.reason,
    }


def _rounded(box: Box) -> list[float]:
    return [round(value, 1) for value in box]
