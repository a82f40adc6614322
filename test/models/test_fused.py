"""Which of a fused graph's boxes become regions, and what they say of phrases.

The graph is a stand-in that sees what it is told to; how real ones are prompted, and that they see
what transformers sees, is tested in test/exporting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from vlm_ros.errors import ImageError, ModelError
from vlm_ros.geometry.boxes import Letterbox
from vlm_ros.models import fused
from vlm_ros.models.folder import read_spec
from vlm_ros.models.fused import FusedModel
from vlm_ros.models.prompts import Prompt

CUP = (10.0, 10.0, 50.0, 50.0)
CUP_AGAIN = (11.0, 10.0, 51.0, 50.0)
CUP_ROUGHLY = (20.0, 10.0, 60.0, 50.0)
PLATE = (100.0, 60.0, 180.0, 90.0)
IMAGE = np.zeros((100, 200, 3), np.uint8)
# The boxes of the stand-in and what it gives each phrase, as probabilities.
SEEN: dict[str, dict[tuple[float, ...], float]] = {
    "cup": {CUP: 0.8, PLATE: 0.02},
    "red cup": {CUP_AGAIN: 0.7},
    "plate": {PLATE: 0.6, CUP: 0.1},
    "mug": {CUP_ROUGHLY: 0.5},
    "fork": {(150.0, 0.0, 160.0, 10.0): 0.9},
}
PLACES = (CUP, CUP_AGAIN, CUP_ROUGHLY, PLATE, (150.0, 0.0, 160.0, 10.0))


class Graph:
    """A vision pass that gives every place, with the logits that SEEN has of the prompt."""

    name = "stand-in"
    outputs: Mapping[str, Any] = {"boxes": (5, 4), "logits": (5, 3)}
    inputs: Mapping[str, Any] = {"image": (1, 3, 50, 100), "content": (2,), "names": (3,)}

    def __init__(self) -> None:
        self.prompts: list[list[str]] = []
        self.contents: list[list[float]] = []

    def __call__(self, image: NDArray[Any], **inputs: NDArray[Any]) -> Any:
        names = [str(name) for name in inputs["names"]]
        self.prompts.append([name for name in names if name])
        self.contents.append(inputs["content"].tolist())
        seen = [[SEEN.get(name, {}).get(place, 0.0) for name in names] for place in PLACES]
        odds = np.asarray(seen, np.float32)
        with np.errstate(divide="ignore"):
            logits = np.log(odds / (1.0 - odds))
        fit = Letterbox.stretch(image.shape[1], image.shape[0], 100, 50)
        return {"boxes": fit.to_model(PLACES), "logits": logits}, fit


class Prompting:
    """Three phrases a prompt, each a column; nothing is left of "?"."""

    def split(self, phrases: Sequence[str]) -> Iterator[tuple[str, ...]]:
        for begin in range(0, len(phrases), 3):
            yield tuple(phrases[begin : begin + 3])

    def encode(self, phrases: tuple[str, ...]) -> Prompt:
        columns = [[] if phrase == "?" else [n] for n, phrase in enumerate(phrases)]
        names = [*phrases, *[""] * (3 - len(phrases))]
        return Prompt({"names": np.asarray(names)}, tuple(np.asarray(c, int) for c in columns))


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Graph:
    stand_in = Graph()
    monkeypatch.setattr(fused, "open_vision", lambda *_: stand_in)
    monkeypatch.setattr(fused, "open_prompting", lambda *_: Prompting())
    return stand_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder whose files are never opened."""
    for name in ("graph.onnx", "text.onnx", "tokenizer.json"):
        (tmp_path / name).touch()
    spec = {
        "name": "stand-in",
        "family": "fused",
        "dimensions": 4,
        "vision": {
            "graph": "graph.onnx",
            "width": 100,
            "height": 50,
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
            "pad": 0,
            "resize": "stretch",
            "filter": "bilinear",
            "min_objectness": 0.05,
            "nms_iou": 0.7,
            "max_regions": 3,
        },
        "text": {
            "graph": "text.onnx",
            "tokenizer": "tokenizer.json",
            "max_tokens": 8,
            "template": "{}",
        },
        "calibration": {"logit_scale": 1.0, "logit_shift": 0.0},
    }
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(spec))
    return tmp_path


@pytest.fixture
def model(graph: Graph, folder: Path) -> FusedModel:
    return FusedModel(read_spec(folder))


def _changed(folder: Path, section: str, **changes: Any) -> FusedModel:
    path = folder / "model.yaml"
    spec = yaml.safe_load(path.read_text())
    spec[section] |= changes
    path.write_text(yaml.safe_dump(spec))
    return FusedModel(read_spec(folder))


def _boxes(regions: Any) -> list[tuple[float, ...]]:
    return [tuple(box) for box in np.round(regions.boxes, 2).tolist()]


def test_what_fits_the_prompt_becomes_a_region_best_first(graph: Graph, model: FusedModel) -> None:
    regions = model.regions(IMAGE, ("plate", "cup"))
    assert _boxes(regions) == [CUP, PLATE]
    assert regions.objectness == pytest.approx([0.8, 0.6])
    assert regions.scores(["cup", "plate"]) == pytest.approx(np.array([[0.8, 0.1], [0.02, 0.6]]))
    assert graph.prompts == [["plate", "cup"]]
    assert graph.contents == [[50.0, 100.0]], "height and width of the picture in the input"


def test_a_region_speaks_for_what_is_suppressed_for_it(graph: Graph, model: FusedModel) -> None:
    regions = model.regions(IMAGE, ("cup", "red cup"))
    assert _boxes(regions) == [CUP]
    assert regions.scores(["cup", "red cup"]) == pytest.approx(np.array([[0.8, 0.7]]))


def test_no_more_regions_than_allowed(graph: Graph, folder: Path) -> None:
    model = _changed(folder, "vision", max_regions=1, nms_iou=1.0)
    assert _boxes(model.regions(IMAGE, ("cup", "red cup", "plate"))) == [CUP]


def test_other_phrases_make_the_graph_look_once_more(graph: Graph, model: FusedModel) -> None:
    regions = model.regions(IMAGE, ("cup",))
    scores = regions.scores(["red cup", "cup", "mug", "fork"])
    # A cup seen in about the same place is that cup, one seen elsewhere is not.
    assert scores == pytest.approx(np.array([[0.7, 0.8, 0.5, 0.0]]))
    assert graph.prompts == [["cup"], ["red cup", "mug", "fork"]]
    assert (regions.scores(["fork", "cup"]) == scores[:, [3, 1]]).all()
    assert len(graph.prompts) == 2, "all of them are known now"


def test_more_phrases_than_a_prompt_holds(graph: Graph, model: FusedModel) -> None:
    phrases = ("cup", "red cup", "spoon", "plate", "fork")
    regions = model.regions(IMAGE, phrases)
    assert graph.prompts == [["cup", "red cup", "spoon"], ["plate", "fork"]]
    assert [round(float(v), 3) for v in regions.objectness] == [0.9, 0.8, 0.6]
    expected = [[0, 0, 0, 0, 0.9], [0.8, 0.7, 0, 0.1, 0], [0.02, 0, 0, 0.6, 0]]
    assert regions.scores(phrases) == pytest.approx(np.array(expected))


def test_nothing_is_left_of_a_phrase(graph: Graph, model: FusedModel) -> None:
    regions = model.regions(IMAGE, ("cup", "?"))
    assert regions.scores(["?", "cup"]) == pytest.approx(np.array([[0.0, 0.8], [0.0, 0.02]])[:1])


def test_nothing_asked_is_anything(graph: Graph, model: FusedModel) -> None:
    model.regions(IMAGE, ())
    assert graph.prompts == [["object"]]


def test_nothing_found(graph: Graph, model: FusedModel) -> None:
    regions = model.regions(IMAGE, ("spoon",))
    assert len(regions) == 0
    assert regions.scores(["spoon", "cup"]).shape == (0, 2)
    assert graph.prompts == [["spoon"]], "there is nothing to look at again"


def test_calibration(graph: Graph, folder: Path) -> None:
    lifted = _changed(folder, "calibration", logit_scale=2.0, logit_shift=1.0)
    regions = lifted.regions(IMAGE, ("cup",))
    odds = np.exp(2.0 * np.log(0.8 / 0.2) + 1.0)
    assert regions.scores(["cup"])[0, 0] == pytest.approx(odds / (1.0 + odds), abs=1e-5)


def test_no_picture(graph: Graph, model: FusedModel) -> None:
    with pytest.raises(ImageError, match="cannot be grounded"):
        model.regions(np.zeros((0, 5, 3), np.uint8), ("cup",))


@pytest.mark.parametrize(
    ("attribute", "name", "value", "message"),
    [
        ("inputs", "image", (1, 3, 8, 8), "takes 'image' of shape"),
        ("inputs", "content", (3,), "takes 'content' of shape"),
        ("outputs", "boxes", None, "lacks the output boxes"),
    ],
)
def test_graphs_of_another_kind(
    graph: Graph, folder: Path, attribute: str, name: str, value: Any, message: str
) -> None:
    kept = {k: v for k, v in getattr(graph, attribute).items() if k != name}
    setattr(graph, attribute, kept if value is None else kept | {name: value})
    with pytest.raises(ModelError, match=message):
        FusedModel(read_spec(folder))
