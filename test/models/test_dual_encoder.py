"""The bundled model as a dual encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.errors import ImageError, ModelError
from vlm_ros.evaluation.drawn_scene import draw_scene
from vlm_ros.geometry.boxes import Letterbox, iou
from vlm_ros.models import bundled_model, dual_encoder, read_spec
from vlm_ros.models.dual_encoder import DualEncoder


@pytest.fixture(scope="module")
def model() -> DualEncoder:
    return DualEncoder(read_spec(bundled_model()))


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """Things on a table, in an odd size."""
    return np.ascontiguousarray(draw_scene().image[60:393, 40:557])


def test_embeddings_have_unit_length(model: DualEncoder) -> None:
    embeddings = model.embed(["red cup", "blue bowl", "a very long phrase " * 30])
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1.0, abs=1e-4)


def test_an_embedding_does_not_depend_on_its_company(model: DualEncoder) -> None:
    fresh = DualEncoder(read_spec(bundled_model()))
    together = fresh.embed(["red cup", "the green wooden box on the left of everything"])
    assert together[0] == pytest.approx(model.embed(["red cup"])[0], abs=1e-4)


def test_known_phrases_come_back_the_same(model: DualEncoder) -> None:
    first = model.embed(["yellow ball", "pen"])
    again = model.embed(["pen", "yellow ball", "pen"])
    assert (again == first[[1, 0, 1]]).all()


def test_no_phrases(model: DualEncoder) -> None:
    assert len(model.embed([])) == 0


def test_a_colour_is_nearer_to_its_synonym_than_to_another(model: DualEncoder) -> None:
    red, crimson, blue = model.embed(["red cup", "crimson cup", "blue cup"])
    assert red @ crimson > red @ blue


@pytest.mark.parametrize(("below", "aside"), [(160, 0), (0, 213), (373, 0)])
def test_things_lie_where_they_are_in_images_of_other_shapes(
    model: DualEncoder, below: int, aside: int
) -> None:
    scene = draw_scene().image
    surest = model.regions(scene, []).boxes[:8]
    wider = np.pad(scene, ((0, below), (0, aside), (0, 0)), mode="edge")
    assert (iou(surest, model.regions(wider, []).boxes).max(axis=1) > 0.8).mean() > 0.8


def test_regions_lie_in_the_image(model: DualEncoder, image: NDArray[np.uint8]) -> None:
    regions = model.regions(image, [])
    height, width = image.shape[:2]
    assert len(regions) > 0
    assert (regions.boxes >= 0).all()
    assert (regions.boxes <= [width, height, width, height]).all()
    assert (np.diff(regions.objectness) <= 0).all(), "best first"
    assert np.linalg.norm(regions.embeddings, axis=1) == pytest.approx(1.0, abs=1e-4)
    scores = regions.scores(["red box", "blue box"])
    assert scores.shape == (len(regions), 2)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_sizes_may_change_from_frame_to_frame(model: DualEncoder, image: NDArray[np.uint8]) -> None:
    before = model.regions(image, [])
    model.regions(np.ascontiguousarray(image[:, :100]), [])
    after = model.regions(image, [])
    assert (before.boxes == after.boxes).all(), "a frame must leave nothing behind"


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((5, 0, 3), np.uint8),
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 5, 4), np.uint8),
        np.zeros((5, 5, 3), np.float32),
    ],
)
def test_wrong_images_are_refused(model: DualEncoder, wrong: NDArray[np.uint8]) -> None:
    with pytest.raises(ImageError, match="expected"):
        model.regions(wrong, [])


def test_a_single_pixel_is_an_image(model: DualEncoder) -> None:
    regions = model.regions(np.zeros((1, 1, 3), np.uint8), [])
    assert (regions.boxes <= 1).all()


class SeesFourThings:
    """A vision pass without objectness, in the space of the bundled model's text encoder."""

    name = "a stand-in"
    inputs: ClassVar = {"image": (1, 3, 480, 640)}

    def __init__(self, embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> None:
        self.answer = {
            "boxes": np.array(
                [[0, 0, 99, 99], [2, 2, 99, 99], [200, 0, 300, 99], [0, 500, 99, 600]], np.float32
            ),
            "embeddings": embed(["red cup", "red cup", "plate", "red cup"]),
            "logit_scale": np.array([20, 22, 20, 20], np.float32),
            "logit_shift": np.array([-15, -15, -14, -9], np.float32),
        }

    @property
    def outputs(self) -> dict[str, tuple[int, ...]]:
        return {name: values.shape for name, values in self.answer.items()}

    def __call__(self, image: NDArray[Any]) -> tuple[dict[str, NDArray[np.float32]], Letterbox]:
        height, width = image.shape[:2]
        return self.answer, Letterbox.stretch(width, height, 640, 480)


@pytest.fixture
def guided(monkeypatch: pytest.MonkeyPatch, model: DualEncoder) -> DualEncoder:
    """A dual encoder whose graph cannot tell things from background."""
    seen = SeesFourThings(model.embed)
    monkeypatch.setattr(dual_encoder, "open_vision", lambda spec, runtime: seen)
    spec = read_spec(bundled_model())
    vision = replace(spec.vision, merge_iou=None, max_regions=2, classes=())
    return DualEncoder(replace(spec, logit_scale=1.0, logit_shift=0.0, vision=vision))


HALF = np.zeros((240, 320, 3), np.uint8)


@pytest.mark.parametrize(
    ("phrases", "first"),
    [
        (["red cup"], [1, 1, 49.5, 49.5]),
        (["plate"], [100, 0, 150, 49.5]),
        (["plate", "red cup"], [1, 1, 49.5, 49.5]),
        ([], [100, 0, 150, 49.5]),
    ],
)
def test_without_objectness_what_fits_any_phrase_comes_first(
    model: DualEncoder, guided: DualEncoder, phrases: list[str], first: list[float]
) -> None:
    assert guided.guided and not model.guided
    regions = guided.regions(HALF, phrases)
    assert regions.boxes[0].tolist() == first
    assert len(regions) == 2, "one of those that overlap, and none outside of the image"
    assert (regions.objectness == 1).all()


def test_each_region_has_a_scale_and_a_shift_of_its_own(guided: DualEncoder) -> None:
    regions = guided.regions(HALF, ["red cup", "plate"])
    scores = regions.scores(["red cup", "plate"])
    assert scores[0, 0] == pytest.approx(1 / (1 + np.exp(15 - 22)), abs=1e-4)
    assert scores[1, 1] == pytest.approx(1 / (1 + np.exp(14 - 20)), abs=1e-4)


def test_classes_that_model_yaml_names_come_with_the_regions(
    guided: DualEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert guided.regions(HALF, ["plate"]).classes is None
    answer = guided._vision.answer  # type: ignore[attr-defined]
    monkeypatch.setitem(answer, "classes", np.array([[-4], [-5], [2], [-6]], np.float32))
    with pytest.raises(ModelError, match=r"answered with 'classes'.*expected \(4, 0\)"):
        guided.regions(HALF, ["plate"])
    vision = replace(guided._spec.vision, classes=("bowl",))
    named = DualEncoder(replace(guided._spec, vision=vision)).regions(HALF, ["plate"]).classes
    assert named is not None and named.names == ("bowl",)
    assert named.values[:, 0].tolist() == [2, -5], "in the order of the regions"


def test_a_graph_without_the_classes_that_model_yaml_names_is_refused(guided: DualEncoder) -> None:
    vision = replace(guided._spec.vision, classes=("bowl",))
    with pytest.raises(ModelError, match="lacks the output classes"):
        DualEncoder(replace(guided._spec, vision=vision))


@pytest.mark.parametrize("name", ["boxes", "embeddings", "logit_scale", "logit_shift"])
def test_answers_of_a_wrong_shape_are_refused(
    guided: DualEncoder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer = guided._vision.answer  # type: ignore[attr-defined]
    monkeypatch.setitem(answer, name, answer[name][:3])
    with pytest.raises(ModelError, match="answered with"):
        guided.regions(HALF, [])
