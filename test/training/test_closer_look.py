"""Training of the closer look, on a few things that are painted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from vlm_ros.models.closer_look import (  # noqa: E402
    MARGIN,
    PARTS,
    PATTERNS,
    POSTURES,
    SIDE,
    CloserLook,
    colour_shares,
    crop,
)
from vlm_ros.models.colours import colour_namer  # noqa: E402
from vlm_ros.runtimes import open_runtime  # noqa: E402
from vlm_ros.training.annotations import DataError, Picture  # noqa: E402
from vlm_ros.training.closer_look import (  # noqa: E402
    UNKNOWN,
    CloserLookNetwork,
    Examples,
    batch,
    examples,
    fit,
    loss,
    rarity,
    report,
    write,
)
from vlm_ros.training.phrases import LabelledObject  # noqa: E402

CAP, LID = PARTS.index("cap"), PARTS.index("lid")


def _picture(folder: Path, *things: LabelledObject) -> Picture:
    """Things in a row, each 60 pixels wide."""
    image = np.random.default_rng(0).integers(0, 255, (100, 80 * len(things), 3), np.uint8)
    path = folder / "things.png"
    cv2.imwrite(str(path), image)
    boxes = np.array([[80 * i + 10, 10, 80 * i + 70, 90] for i in range(len(things))], np.float32)
    return Picture(path, boxes, things, False)


def _thing(**known: object) -> LabelledObject:
    told = {"attributes": {}, "complete": False} | known
    return LabelledObject(name="bottle", **told)  # type: ignore[arg-type]


def test_what_is_known_of_things(tmp_path: Path) -> None:
    found = examples(
        [
            _picture(
                tmp_path,
                _thing(attributes={"pattern": "checked"}),
                _thing(attributes={"posture": "lying on its side"}, complete=True),
                _thing(parts=(("bottle cap", "dark red"), ("lid", "nice"), ("antenna", "red"))),
                _thing(),  # nothing
                _thing(attributes={"pattern": "striped"}, visible=0.3),  # hidden
                _thing(
                    attributes={"posture": "upright"}, parts=(("cap", "blue"),), visible=0.7
                ),  # its parts may be hidden
            )
        ]
    )
    assert found.patterns.tolist() == [PATTERNS.index("checkered"), 0, UNKNOWN, UNKNOWN]
    assert found.postures.tolist() == [UNKNOWN, POSTURES.index("lying"), UNKNOWN, 0]
    red = colour_namer().names.index("red")
    assert found.parts[2, CAP] == red and (np.delete(found.parts[2], CAP) == UNKNOWN).all()
    assert (found.parts[[0, 1, 3]] == UNKNOWN).all()
    assert found.telling.tolist() == [True, True, True, False]


def test_nothing_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No picture tells"):
        examples([_picture(tmp_path, _thing())])


def _striped_or_not(count: int) -> Examples:
    """Half of the things have stripes and a red cap, the others have none and a blue one."""
    rng = np.random.default_rng(3)
    crops = rng.integers(190, 210, (count, 80, 80, 3)).astype(np.uint8)
    striped = np.arange(count) % 2
    crops[striped == 1, :, ::10] = 20
    crops[striped == 1, :20] = (200, 20, 20)
    crops[striped == 0, :20] = (30, 60, 190)
    names = colour_namer().names
    parts = np.full((count, len(PARTS)), UNKNOWN, np.int64)
    parts[:, CAP] = np.where(striped, names.index("red"), names.index("blue"))
    unknown = np.full(count, UNKNOWN, np.int64)
    return Examples(crops, np.zeros(count, np.float32), striped, unknown, parts)


def _interrupted_in_fourth_epoch(
    monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]
) -> None:
    counted, kept = itertools.count(1), torch.save

    def save(*arguments: object) -> None:
        if next(counted) == 4:
            raise KeyboardInterrupt
        kept(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(torch, "save", save)
        run()


def test_it_learns_goes_on_and_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _striped_or_not(96)
    checkpoint = tmp_path / "look.checkpoint"
    _interrupted_in_fourth_epoch(monkeypatch, lambda: fit(source, checkpoint, epochs=12))
    assert torch.load(checkpoint, weights_only=True)["epoch"] == 3
    with pytest.raises(DataError, match="begun for 12 epochs, not 5"):
        fit(source, checkpoint, epochs=5)
    network = fit(source, checkpoint, epochs=12)
    assert torch.load(checkpoint, weights_only=True)["epoch"] == 12
    lines = list(report(network, source))
    assert "none: 48 of 48" in lines and "striped: 48 of 48" in lines
    assert "colour of cap: 96 of 96" in lines, "it has found where the cap is"

    write(network, tmp_path / "look.onnx")
    assert not (tmp_path / "look.onnx.part").exists()
    look = CloserLook(open_runtime(tmp_path / "look.onnx"))
    image = source.crops[1]
    box = np.array([[0, 0, 80, 80]], np.float32)
    said = look(image, np.repeat(box, 5, axis=0))
    crops = crop(image, box[0], MARGIN, SIDE)[None]

    with torch.no_grad():
        patterns, _, parts = network(
            torch.from_numpy(crops), torch.zeros(1), torch.from_numpy(colour_shares(crops))
        )
    assert said.patterns[4] - np.log(4) == pytest.approx(patterns[0].numpy(), abs=1e-3)
    assert said.part_colours[4] - np.log(14) == pytest.approx(parts[0].numpy(), abs=1e-3)


def test_what_is_unknown_counts_nothing() -> None:
    source = _striped_or_not(4)
    told = batch(source, np.arange(4))
    network = CloserLookNetwork().eval()
    even = torch.ones(len(PATTERNS)), torch.ones(len(POSTURES))
    with torch.no_grad():
        patterns, postures, parts = network(*told.inputs)
    whole = loss((patterns, postures, parts), told, even)
    other = parts.clone()
    other[:, LID] -= 5.0  # nobody has told the colour of a lid
    assert loss((patterns, postures - 3.0, other), told, even) == pytest.approx(float(whole))
    other[:, CAP] -= 5.0
    assert loss((patterns, postures, other), told, even) > whole + 4.0


def test_rare_values_weigh_more() -> None:
    weights = rarity(np.array([0] * 16 + [1] * 4 + [UNKNOWN] * 7), 2)
    assert weights[1] == pytest.approx(2 * float(weights[0]))
