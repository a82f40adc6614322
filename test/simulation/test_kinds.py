from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.simulation.colours import RANGES
from vlm_ros.simulation.everyday import EVERYDAY_KINDS
from vlm_ros.simulation.finishes import MATERIALS
from vlm_ros.simulation.kind import Kind
from vlm_ros.simulation.kinds import KINDS, SNAPSHOT_KINDS, VARIANTS, shape_of
from vlm_ros.simulation.meshes import merge


@pytest.mark.parametrize("make", SNAPSHOT_KINDS)
def test_every_variant_is_a_sound_shape(make: str) -> None:
    for variant in range(0, VARIANTS, 5):
        shape = shape_of(make, variant)
        assert "body" in shape.parts
        whole = merge(*shape.parts.values())
        assert np.all(np.isfinite(whole.vertices))
        assert np.linalg.norm(whole.normals, axis=1) == pytest.approx(1.0, abs=1e-6)
        assert 0.02 < max(shape.size) < 0.4, "not the size of a thing on a table"
        low, high = whole.bounds
        assert low + high == pytest.approx(np.zeros(3), abs=1e-9), "not about its centre"
        assert high - low == pytest.approx(shape.size)


@pytest.mark.parametrize("make", SNAPSHOT_KINDS)
def test_normals_point_to_the_outside_of_faces(make: str) -> None:
    whole = merge(*shape_of(make, 0).parts.values())
    a, b, c = (whole.vertices[whole.faces[:, i]] for i in range(3))
    outwards = np.cross(b - a, c - a)
    agreement = np.sum(outwards * whole.normals[whole.faces].mean(axis=1), axis=1) > 0
    assert agreement.mean() > 0.95


@pytest.mark.parametrize("make", SNAPSHOT_KINDS)
def test_styles_name_known_colours_materials_and_parts(make: str) -> None:
    kind = SNAPSHOT_KINDS[make]
    assert isinstance(kind, Kind)
    assert set(kind.colours) | set(kind.second) <= set(RANGES)
    assert set(kind.materials) <= set(MATERIALS)
    built = {part for variant in range(VARIANTS) for part in shape_of(make, variant).parts}
    assert set(kind.parts) <= built
    for style in kind.parts.values():
        assert set(style.colours) - {"body", "other"} <= set(RANGES)
        assert style.material in MATERIALS


def test_a_shape_is_made_once() -> None:
    assert shape_of("cup", 1) is shape_of("cup", 1)
    assert shape_of("cup", 1).size != shape_of("cup", 2).size


def test_makes_are_told_apart_by_their_keys() -> None:
    assert not KINDS.keys() & EVERYDAY_KINDS.keys(), "one of them would never be drawn"
    assert SNAPSHOT_KINDS == KINDS | EVERYDAY_KINDS
    assert all(kind.name == key for key, kind in KINDS.items())
    knives = {key for key, kind in SNAPSHOT_KINDS.items() if kind.name == "knife"}
    assert knives == {"knife", "table knife", "kitchen knife", "coloured knife"}


def test_everyday_things_are_drawn_about_as_often_as_the_robots_own() -> None:
    own, everyday = (
        sum(kind.weight for kind in kinds.values()) for kinds in (KINDS, EVERYDAY_KINDS)
    )
    assert 0.8 < everyday / own < 1.25
