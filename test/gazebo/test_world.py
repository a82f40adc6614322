"""What is written of a scene, read back from the files, is the scene."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.errors import SimulationError
from vlm_ros.gazebo.poses import pose_of
from vlm_ros.gazebo.release import FORTRESS, HARMONIC, Release
from vlm_ros.gazebo.render_engine import RENDER_ENGINES, render_engine
from vlm_ros.gazebo.world import OPTICAL_FRAME, WorldOptions, optical_pose, scene_world, write_world
from vlm_ros.geometry.rotations import matrix
from vlm_ros.images import read_image
from vlm_ros.places import HOME_VARIABLE
from vlm_ros.simulation import Tabletop, generate_scene
from vlm_ros.simulation.scene import PartLook, SceneObject
from vlm_ros.simulation.textures import covering

OGRE, OGRE2 = render_engine("ogre"), render_engine("ogre2")
SHIPPED = Path(__file__).resolve().parents[2] / "worlds"


def floats(element: Element, path: str) -> list[float]:
    return [float(word) for word in element.findtext(path, "").split()]


def read(path: Path) -> Element:
    """The world of a file."""
    world = ElementTree.parse(path).find("world")
    assert world is not None
    return world


def models(world: Element) -> dict[str, Element]:
    return {model.get("name", ""): model for model in world.iterfind("model")}


def vertices(world: Path, visual: Element) -> NDArray[np.float64]:
    """(N, 3) of a visual's mesh, in its model."""
    lines = (world.parent / visual.findtext("geometry/mesh/uri", "")).read_text().splitlines()
    return np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)


def mean_colour(world: Path, visual: Element) -> NDArray[np.float64]:
    """(3,) RGB 0..1 of a visual, in its own material or in that of its mesh."""
    if visual.find("material") is not None:
        return np.array(floats(visual, "material/diffuse")[:3])
    mesh = world.parent / visual.findtext("geometry/mesh/uri", "")
    used = [line.split()[1] for line in mesh.read_text().splitlines() if line.startswith("usemtl")]
    library = (mesh.parent / "materials.mtl").read_text()
    material = library.partition(f"newmtl {used[0]}\n")[2].partition("newmtl")[0]
    texture = material.partition("map_Kd ")[2].split()[0]
    picture = read_image(mesh.parent / texture)
    return np.asarray(picture.reshape(-1, 3).mean(axis=0) / 255)


def painted_colour(part: PartLook) -> NDArray[np.float64]:
    surface = part.finish.surface
    if surface.plain:
        return np.array(surface.colour)
    return np.asarray(covering(surface, 256).reshape(-1, 3).mean(axis=0) / 255)


def test_every_object_is_where_it_has_settled(tabletop: Tabletop, fortress: Path) -> None:
    found = models(read(fortress))
    for item in tabletop.objects:
        pose = pose_of(found[item.name].findtext("pose", ""))
        truth = tabletop.pose(item.name)
        np.testing.assert_allclose(pose.position, truth.position, atol=1e-6)
        np.testing.assert_allclose(matrix(pose.quaternion), matrix(truth.quaternion), atol=1e-5)


def test_nothing_else_is_on_the_table(tabletop: Tabletop, fortress: Path) -> None:
    furniture = {"floor", *(f"wall_{n}" for n in range(4)), "table", "camera"}
    assert set(models(read(fortress))) - furniture == {o.name for o in tabletop.objects}


def test_every_object_has_its_size_and_its_parts(tabletop: Tabletop, fortress: Path) -> None:
    found = models(read(fortress))
    for item in tabletop.objects:
        visuals = found[item.name].findall("link/visual")
        assert [visual.get("name") for visual in visuals] == [part.name for part in item.parts]
        points = np.concatenate([vertices(fortress, visual) for visual in visuals])
        np.testing.assert_allclose(np.ptp(points, axis=0), item.size, atol=1e-5)


def test_every_part_has_its_colour(tabletop: Tabletop, fortress: Path) -> None:
    found = models(read(fortress))
    for item in tabletop.objects:
        visuals = found[item.name].iterfind("link/visual")
        for part, visual in zip(item.parts, visuals, strict=True):
            shown = mean_colour(fortress, visual)
            np.testing.assert_allclose(shown, painted_colour(part), atol=1e-3, err_msg=part.name)
            opacity = 1 - floats(visual, "transparency")[0]
            assert opacity == pytest.approx(part.finish.opacity)


def test_no_painted_surface_has_an_albedo_map(fortress: Path) -> None:
    assert read(fortress).find(".//albedo_map") is None


def test_table_and_light_are_those_of_the_scene(tabletop: Tabletop, fortress: Path) -> None:
    scene, world = tabletop.scene, read(fortress)
    table = models(world)["table"]
    assert floats(table, "link/collision/geometry/box/size") == pytest.approx(scene.table.size)
    assert floats(table, "link/collision/pose")[2] == pytest.approx(-scene.table.size[2] / 2)
    assert floats(world, "scene/ambient") == pytest.approx([*scene.ambient, 1], abs=1e-6)
    lights = world.findall("light")
    assert len(lights) == len(scene.lights)
    for light, lamp in zip(lights, scene.lights, strict=True):
        assert floats(light, "direction") == pytest.approx(lamp.direction, abs=1e-6)
        assert floats(light, "diffuse") == pytest.approx([*lamp.colour, 1], abs=1e-6)
        assert light.findtext("cast_shadows") == "false"


def test_lamps_cast_shadows_for_ogre2(tabletop: Tabletop, harmonic: Path) -> None:
    cast = [light.findtext("cast_shadows") == "true" for light in read(harmonic).iter("light")]
    assert cast == [lamp.shadows for lamp in tabletop.scene.lights]


def test_ogre2_has_the_same_colours_as_light(fortress: Path, harmonic: Path) -> None:
    ours = list(read(harmonic).iter("material"))
    theirs = list(read(fortress).iter("material"))
    assert len(ours) == len(theirs) > 5
    for linear, shown in zip(ours, theirs, strict=True):
        expected = OGRE2.colour(floats(shown, "diffuse")[:3])
        np.testing.assert_allclose(floats(linear, "diffuse")[:3], expected, atol=1e-6)


def test_camera_sees_what_the_simulators_camera_sees(tabletop: Tabletop, fortress: Path) -> None:
    camera = tabletop.scene.camera
    pose = optical_pose(fortress)
    np.testing.assert_allclose(pose.position, camera.position, atol=1e-6)
    np.testing.assert_allclose(matrix(pose.quaternion), camera.rotation(), atol=1e-6)
    (lens,) = read(fortress).iter("camera")
    view = camera.intrinsics(640, 480)
    size = (floats(lens, "image/width")[0], floats(lens, "image/height")[0])
    assert size == pytest.approx((view.width, view.height))
    for name in ("fx", "fy", "cx", "cy"):
        assert floats(lens, f"lens/intrinsics/{name}") == pytest.approx([getattr(view, name)])
    # Releases that draw by the angle of view alone draw the same.
    angle = floats(lens, "horizontal_fov")[0]
    assert view.width / 2 / np.tan(angle / 2) == pytest.approx(view.fx, rel=1e-6)


@pytest.mark.parametrize(
    ("release", "library", "namespace", "frame", "engine"),
    [
        (
            FORTRESS,
            "ignition-gazebo-{}-system",
            "ignition::gazebo::systems::",
            "camera/optical_frame_id",
            "ogre",
        ),
        (HARMONIC, "gz-sim-{}-system", "gz::sim::systems::", "gz_frame_id", "ogre2"),
    ],
    ids=lambda value: value.name if isinstance(value, Release) else None,
)
def test_a_release_finds_its_systems_and_the_frame(
    fortress: Path,
    harmonic: Path,
    release: Release,
    library: str,
    namespace: str,
    frame: str,
    engine: str,
) -> None:
    path = fortress if release is FORTRESS else harmonic
    root = ElementTree.parse(path).getroot()
    assert root.get("version") == "1.9"
    plugins = {plugin.get("filename"): plugin.get("name") for plugin in root.iter("plugin")}
    assert plugins == {
        library.format("physics"): f"{namespace}Physics",
        library.format("sensors"): f"{namespace}Sensors",
        library.format("user-commands"): f"{namespace}UserCommands",
        library.format("scene-broadcaster"): f"{namespace}SceneBroadcaster",
    }
    assert root.findtext(".//render_engine") == engine
    sensor = root.find(".//sensor")
    assert sensor is not None and sensor.get("type") == "rgbd_camera"
    assert sensor.findtext(frame) == OPTICAL_FRAME


def test_a_world_has_all_it_names_beside_it(fortress: Path) -> None:
    folder = fortress.parent
    for uri in read(fortress).iter("uri"):
        assert (folder / str(uri.text)).is_file()
    library = (folder / "meshes/materials.mtl").read_text().splitlines()
    textures = [line.split()[1] for line in library if line.startswith("map_Kd")]
    assert textures
    for texture in textures:
        assert (folder / "meshes" / texture).is_file()
    assert str(folder) not in fortress.read_text()


def test_movable_objects_have_mass_and_bodies_to_touch(physics: None, tmp_path: Path) -> None:
    with Tabletop(generate_scene(3)) as tabletop:
        path = write_world(tabletop, tmp_path, WorldOptions(FORTRESS, OGRE, True))
    found = models(read(path))
    for item in tabletop.objects:
        model = found[item.name]
        assert model.findtext("static") == "false"
        assert 0.002 < floats(model, "link/inertial/mass")[0] < 5
        moments = [floats(model, f"link/inertial/inertia/i{axis * 2}")[0] for axis in "xyz"]
        assert min(moments) > 0
        assert 2 * max(moments) <= sum(moments) * 1.001, "no body turns like that"
        low, high = touched(model, item)
        # Handles are only to be seen; boxes around capsules that lie askew are too large.
        assert np.all(high - low < np.array(item.size) + 0.04), item.name
        assert np.all(high - low > 0.6 * np.array(item.size) - 0.01), item.name
    assert found["table"].findtext("static") == "true"


def touched(model: Element, item: SceneObject) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the box around a model's collisions, by their own round or boxy extents."""
    corners = []
    for collision in model.iterfind("link/collision"):
        pose = pose_of(collision.findtext("pose", ""))
        form = next(iter(collision.find("geometry") or []))
        sizes = {child.tag: floats(form, child.tag) for child in form}
        half = np.zeros(3)
        if form.tag == "box":
            half += np.array(sizes["size"]) / 2
        elif form.tag == "ellipsoid":
            half += sizes["radii"]
        else:
            half += sizes["radius"][0]
            if form.tag != "sphere":
                half[2] = sizes["length"][0] / 2 + (half[2] if form.tag == "capsule" else 0)
        reach = np.abs(matrix(pose.quaternion)) @ half
        corners += [pose.position - reach, pose.position + reach]
    return np.min(corners, axis=0), np.max(corners, axis=0)


def test_the_shipped_world_is_what_is_written_today(physics: None, tmp_path: Path) -> None:
    with Tabletop(generate_scene(105)) as tabletop:
        for release, engine in product((FORTRESS, HARMONIC), RENDER_ENGINES.values()):
            fresh = write_world(tabletop, tmp_path, WorldOptions(release, engine))
            shipped = SHIPPED / "tabletop_105" / fresh.name
            for ours, theirs in zip(
                ElementTree.parse(fresh).iter(), ElementTree.parse(shipped).iter(), strict=True
            ):
                assert (ours.tag, ours.attrib) == (theirs.tag, theirs.attrib)
                compare(str(ours.text), str(theirs.text))
    names = {path.name for path in (tmp_path / "meshes").iterdir()}
    assert names == {path.name for path in (SHIPPED / "tabletop_105" / "meshes").iterdir()}


def compare(ours: str, theirs: str) -> None:
    """Numbers may differ as much as physics does from one version of MuJoCo to the next."""
    try:
        numbers = [float(word) for word in ours.split()]
    except ValueError:
        assert ours == theirs
    else:
        assert numbers == pytest.approx([float(word) for word in theirs.split()], abs=2e-3)


def test_a_shipped_world_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setitem(sys.modules, "mujoco", None)
    world = scene_world(105, WorldOptions(FORTRESS, OGRE), SHIPPED)
    assert world == SHIPPED / "tabletop_105/fortress_ogre.sdf"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_said(tabletop: Tabletop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SimulationError, match=r"file/fortress_ogre\.sdf cannot be written"):
        write_world(tabletop, tmp_path / "file", WorldOptions(FORTRESS, OGRE))


@pytest.mark.parametrize("text", ["", "<sdf/>", "<sdf><world><model name='robot'/></world></sdf>"])
def test_a_world_without_the_camera_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.sdf"
    path.write_text(text)
    with pytest.raises(SimulationError, match=r"other\.sdf"):
        optical_pose(path)
