from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.simulation.colours import RANGES
from vlm_ros.simulation.finishes import MATERIALS
from vlm_ros.simulation.kinds import KINDS, VARIANTS, shape_of
from vlm_ros.simulation.meshes import merge


@pytest.mark.parametrize("kind", KINDS)
def test_every_variant_is_a_sound_shape(kind: str) -> None:
    for variant in range(0, VARIANTS, 5):
        shape = shape_of(kind, variant)
        assert "body" in shape.parts
        whole = merge(*shape.parts.values())
        assert np.all(np.isfinite(whole.vertices))
        assert np.linalg.norm(whole.normals, axis=1) == pytest.approx(1.0, abs=1e-6)
        assert 0.02 < max(shape.size) < 0.4, "not the size of a thing on a table"
        low, high = whole.bounds
        assert low + high == pytest.approx(np.zeros(3), abs=1e-9), "not about its centre"
        assert high - low == pytest.approx(shape.size)


@pytest.mark.parametrize("kind", KINDS)
def test_normals_point_to_the_outside_of_faces(kind: str) -> None:
    whole = merge(*shape_of(kind, 0).parts.values())
    a, b, c = (whole.vertices[whole.faces[:, i]] for i in range(3))
    outwards = np.cross(b - a, c - a)
    agreement = np.sum(outwards * whole.normals[whole.faces].mean(axis=1), axis=1) > 0
    assert agreement.mean() > 0.95


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_styles_name_known_colours_materials_and_parts(kind: object) -> None:
    from vlm_ros.simulation.kinds import Kind

    assert isinstance(kind, Kind)
    assert set(kind.colours) | set(kind.second) <= set(RANGES)
    assert set(kind.materials) <= set(MATERIALS)
    built = {part for variant in range(VARIANTS) for part in shape_of(kind.name, variant).parts}
    assert set(kind.parts) <= built
    for style in kind.parts.values():
        assert set(style.colours) - {"body", "other"} <= set(RANGES)
        assert style.material in MATERIALS


def test_a_shape_is_made_once() -> None:
    assert shape_of("cup", 1) is shape_of("cup", 1)
    assert shape_of("cup", 1).size != shape_of("cup", 2).size
