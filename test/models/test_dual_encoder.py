"""The bundled model as a dual encoder."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.errors import ImageError
from vlm_ros.models import Model, bundled_model, load_model


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(bundled_model())


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """Two plain shapes on a grey table, in an odd size."""
    pixels = np.full((333, 517, 3), 150, np.uint8)
    pixels[120:240, 80:180] = (200, 30, 30)
    pixels[100:220, 330:420] = (30, 60, 200)
    return pixels


def test_embeddings_have_unit_length(model: Model) -> None:
    embeddings = model.embed(["red cup", "blue bowl", "a very long phrase " * 30])
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1.0, abs=1e-4)


def test_an_embedding_does_not_depend_on_its_company(model: Model) -> None:
    fresh = load_model(bundled_model())
    together = fresh.embed(["red cup", "the green wooden box on the left of everything"])
    assert together[0] == pytest.approx(model.embed(["red cup"])[0], abs=1e-4)


def test_known_phrases_come_back_the_same(model: Model) -> None:
    first = model.embed(["yellow ball", "pen"])
    again = model.embed(["pen", "yellow ball", "pen"])
    assert (again == first[[1, 0, 1]]).all()


def test_no_phrases(model: Model) -> None:
    assert len(model.embed([])) == 0


def test_a_colour_is_nearer_to_its_synonym_than_to_another(model: Model) -> None:
    red, crimson, blue = model.embed(["red cup", "crimson cup", "blue cup"])
    assert red @ crimson > red @ blue


def test_regions_lie_in_the_image(model: Model, image: NDArray[np.uint8]) -> None:
    regions = model.regions(image)
    height, width = image.shape[:2]
    assert len(regions) > 0
    assert (regions.boxes >= 0).all()
    assert (regions.boxes <= [width, height, width, height]).all()
    assert (np.diff(regions.objectness) <= 0).all(), "best first"
    assert np.linalg.norm(regions.embeddings, axis=1) == pytest.approx(1.0, abs=1e-4)
    scores = regions.match(model.embed(["red box", "blue box"]))
    assert scores.shape == (len(regions), 2)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_sizes_may_change_from_frame_to_frame(model: Model, image: NDArray[np.uint8]) -> None:
    before = model.regions(image)
    model.regions(np.ascontiguousarray(image[:, :100]))
    after = model.regions(image)
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
def test_wrong_images_are_refused(model: Model, wrong: NDArray[np.uint8]) -> None:
    with pytest.raises(ImageError, match="expected"):
        model.regions(wrong)


def test_a_single_pixel_is_an_image(model: Model) -> None:
    regions = model.regions(np.zeros((1, 1, 3), np.uint8))
    assert (regions.boxes <= 1).all()
