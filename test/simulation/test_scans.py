from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.meshes import merge
from vlm_ros.simulation.scans import FORMS, ScanLabel, load_scans, read_mesh, resting


def test_scans_are_those_with_a_label(scans_folder: Path) -> None:
    scans = load_scans(scans_folder)
    assert [scan.name for scan in scans] == ["cube", "pot"]
    assert scans[0].label.kind == "block"
    assert scans[0].label.names == ("wooden block",)
    assert scans[0].texture.is_file()


def test_a_mesh_is_read_with_its_texture_coordinates(scans_folder: Path) -> None:
    mesh = read_mesh(scans_folder / "cube" / "textured.obj")
    low, high = mesh.bounds
    assert np.allclose(low, (-0.05, -0.05, 0))
    assert np.allclose(high, (0.05, 0.05, 0.1))
    assert len(mesh.faces) == 6 * 50
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1)
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    turned = np.cross(b - a, c - a)
    assert np.all(np.einsum("ij,ij->i", turned, mesh.normals[mesh.faces[:, 0]]) > 0)
    # OBJ's v counts from below, MuJoCo's from above.
    on_top = (mesh.normals[:, 2] > 0.9) & np.isclose(mesh.vertices[:, 1], -0.05)
    assert np.allclose(mesh.texcoords[on_top, 1], 1)


def test_a_part_is_cut_off_at_its_height(scans_folder: Path) -> None:
    shape = load_scans(scans_folder)[0].shape
    assert set(shape.parts) == {"body", "top"}
    # About its own middle the cube reaches from -0.05 to 0.05; the part begins at 0.09 of 0.1.
    assert shape.parts["top"].vertices[:, 2].min() > 0.02
    assert shape.parts["body"].vertices[:, 2].min() == pytest.approx(-0.05)
    low, high = merge(*shape.parts.values()).bounds
    assert np.allclose(low + high, 0, atol=1e-9)


def test_a_vessel_is_open(scans_folder: Path) -> None:
    cube, pot = load_scans(scans_folder)
    assert not cube.shape.hollow
    assert [proxy.form for proxy in cube.shape.proxies] == ["hull"]
    assert pot.shape.hollow
    assert {proxy.form for proxy in pot.shape.proxies} == {"cylinder", "box"}


def test_rests_are_drawn_by_their_weights(scans_folder: Path) -> None:
    label = load_scans(scans_folder)[0].label
    rng = np.random.default_rng(0)
    drawn = [resting(rng, label) for _ in range(200)]
    assert set(drawn) == {"up", "face"}
    assert 60 < drawn.count("up") < 140


@pytest.mark.parametrize(
    ("rests", "postures"),
    [
        ({"up": 3, "side": 1}, {"upright", "lying"}),
        ({"up": 4, "down": 2, "side": 1}, {"upright", "lying", "upside down"}),
        ({"up": 2, "face": 2}, set()),
        ({"any": 1}, set()),
    ],
)
def test_postures_are_told_of_what_rests_in_several(
    rests: dict[str, float], postures: set[str]
) -> None:
    assert ScanLabel("cup", "red", rests=rests).postures == postures


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("{kind: block}", "colour"),
        ("{kind: block, colour: reddish}", "reddish"),
        ("{kind: block, colour: red, form: cloud}", "cloud"),
        ("{kind: block, colour: red, rests: {afloat: 1}}", "afloat"),
        ("{kind: block, colour: red, material: cheese}", "cheese"),
        ("{kind: block, colour: red, paints: [plaid]}", "plaid"),
        ("{kind: block, colour: red, shade: dark}", "shade"),
        ("red", "not a label"),
    ],
)
def test_a_wrong_label_is_named(scans_folder: Path, entry: str, complaint: str) -> None:
    (scans_folder / "labels.yaml").write_text(f"cube: {entry}\n")
    with pytest.raises(SimulationError, match="cube.*" + complaint):
        load_scans(scans_folder)


def test_a_folder_without_scans_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="holds no object that has a label"):
        load_scans(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "v 0 0 0\n", "v 0 0 0\nvt 0 0\nvn 0 0 1\nf 1/1/1 1/1/1 9/1/1\n", "f 1 2 3\n"]
)
def test_a_broken_mesh_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "textured.obj"
    path.write_text(text)
    with pytest.raises(SimulationError, match=r"textured\.obj is not a textured triangle mesh"):
        read_mesh(path)


def test_the_names_of_paintable_scans_name_no_colour() -> None:
    entries = yaml.safe_load((files("vlm_ros.simulation") / "scans.yaml").read_text("utf-8"))
    for name, entry in entries.items():
        if entry.get("paints"):
            words = " ".join([entry["kind"], *entry.get("names", ())]).split()
            assert entry["kind"] in ("orange",) or entry["colour"] not in words, name


def test_every_ycb_scan_has_a_label_and_a_shape_of_its_size(ycb: Path) -> None:
    scans = load_scans(ycb)
    folders = {path.parent.name for path in ycb.glob("*/textured.obj")}
    assert folders - {scan.name for scan in scans} == {"skillet_lid", "windex_bottle"}
    for scan in scans[::9]:
        assert scan.label.form in FORMS
        assert min(scan.shape.size) > 0.01
        assert max(scan.shape.size) < 0.4
        assert 1000 < sum(len(mesh.faces) for mesh in scan.shape.parts.values()) < 12000


def test_the_label_in_the_documentation_is_one(scans_folder: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "training_data.md"
    example = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (scans_folder / "cube").rename(scans_folder / "blue_kettle")
    (scans_folder / "labels.yaml").write_text(example)
    (scan,) = load_scans(scans_folder)
    assert (scan.label.kind, scan.label.split) == ("teapot", {"lid": 0.17})
