"""What sdformat, which Gazebo reads worlds with, makes of those that are written here."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vlm_ros.geometry.rotations import matrix
from vlm_ros.simulation import Tabletop

SHIPPED = Path(__file__).resolve().parents[2] / "worlds"
# Prints a world as the parser has understood it, one JSON object a line, and then its errors.
PROGRAM = """
#include <iomanip>
#include <iostream>
#include <sdf/sdf.hh>

int main(int, char **argv)
{
  sdf::Root root;
  sdf::Errors errors = root.Load(argv[1]);
  std::cout << std::setprecision(9);
  if (const auto *world = root.WorldByIndex(0))
    for (uint64_t m = 0; m < world->ModelCount(); ++m)
    {
      const auto *model = world->ModelByIndex(m);
      auto pose = model->RawPose();
      for (const auto &error : model->SemanticPose().Resolve(pose, "world"))
        errors.push_back(error);
      std::cout << "{\\"name\\": \\"" << model->Name() << "\\", \\"static\\": " << model->Static()
        << ", \\"position\\": [" << pose.Pos().X() << ", " << pose.Pos().Y() << ", "
        << pose.Pos().Z() << "], \\"quaternion\\": [" << pose.Rot().X() << ", " << pose.Rot().Y()
        << ", " << pose.Rot().Z() << ", " << pose.Rot().W() << "], \\"sensors\\": [";
      const auto *link = model->LinkByIndex(0);
      for (uint64_t s = 0; s < link->SensorCount(); ++s)
      {
        const auto *sensor = link->SensorByIndex(s);
        const auto *camera = sensor->CameraSensor();
        std::cout << "{\\"type\\": \\"" << sensor->TypeStr() << "\\", \\"topic\\": \\""
          << sensor->Topic() << "\\", \\"fx\\": " << camera->LensIntrinsicsFx() << "}";
      }
      std::cout << "], \\"visuals\\": {";
      for (uint64_t v = 0; v < link->VisualCount(); ++v)
      {
        const auto *visual = link->VisualByIndex(v);
        const auto *look = visual->Material();
        std::cout << (v ? ", \\"" : "\\"") << visual->Name() << "\\": [";
        if (look)
          std::cout << look->Diffuse().R() << ", " << look->Diffuse().G() << ", "
            << look->Diffuse().B();
        std::cout << "]";
      }
      std::cout << "}, \\"collisions\\": [";
      for (uint64_t c = 0; c < link->CollisionCount(); ++c)
        std::cout << (c ? ", " : "") << int(link->CollisionByIndex(c)->Geom()->Type());
      std::cout << "]}" << std::endl;
    }
  for (const auto &error : errors)
    std::cerr << error << std::endl;
  return errors.empty() ? 0 : 1;
}
"""
EMPTY = 0


@pytest.fixture(scope="session")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, with the newest parser that is installed."""
    compiler, lister = shutil.which("g++"), shutil.which("pkg-config")
    if compiler is None or lister is None:
        pytest.skip("needs g++ and pkg-config")
    for package in ("sdformat16", "sdformat15", "sdformat14", "sdformat13", "sdformat12"):
        asked = subprocess.run(
            [lister, "--cflags", "--libs", package], capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            break
    else:
        pytest.skip("needs sdformat, e.g. Debian's libsdformat-dev")
    source = tmp_path_factory.mktemp("parser") / "parser.cc"
    source.write_text(PROGRAM)
    program = source.with_suffix("")
    command = [compiler, "-std=c++17", "-O0", str(source), "-o", str(program)]
    subprocess.run([*command, *asked.stdout.split()], check=True)
    return program


def parsed(parser: Path, world: Path) -> dict[str, Any]:
    """Models by name; fails on any error of the parser."""
    answer = subprocess.run([parser, world], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "Error" not in answer.stderr, answer.stderr
    models = [json.loads(line) for line in answer.stdout.splitlines()]
    return {model["name"]: model for model in models}


def test_the_parser_sees_the_scene(
    parser: Path, tabletop: Tabletop, fortress: Path, harmonic: Path
) -> None:
    models = parsed(parser, fortress)
    for item in tabletop.objects:
        model, truth = models[item.name], tabletop.pose(item.name)
        np.testing.assert_allclose(model["position"], truth.position, atol=1e-6)
        turn = matrix(model["quaternion"])
        np.testing.assert_allclose(turn, matrix(truth.quaternion), atol=1e-5)
        assert list(model["visuals"]) == [part.name for part in item.parts]
        for part in item.parts:
            surface = part.finish.surface
            expected = surface.colour if surface.plain else ()
            assert model["visuals"][part.name] == pytest.approx(list(expected), abs=1e-6)
        assert len(model["collisions"]) == len(item.shape.proxies)
        assert EMPTY not in model["collisions"]
    for name, model in parsed(parser, harmonic).items():
        # Colours are other numbers for the other engine.
        assert {**model, "visuals": list(model["visuals"])} == {
            **models[name],
            "visuals": list(models[name]["visuals"]),
        }


def test_the_parser_sees_the_camera(parser: Path, tabletop: Tabletop, fortress: Path) -> None:
    (sensor,) = parsed(parser, fortress)["camera"]["sensors"]
    view = tabletop.scene.camera.intrinsics(640, 480)
    expected = {"type": "rgbd_camera", "topic": "camera", "fx": pytest.approx(view.fx)}
    assert sensor == expected


@pytest.mark.parametrize("world", sorted(SHIPPED.rglob("*.sdf")), ids=lambda path: path.stem)
def test_the_parser_reads_what_is_shipped(parser: Path, world: Path) -> None:
    models = parsed(parser, world)
    assert {"table", "camera", "cup_2"} <= set(models)
    assert all(model["static"] for model in models.values())


def test_the_parser_finds_faults(parser: Path, fortress: Path, tmp_path: Path) -> None:
    text = fortress.read_text()
    faulty = tmp_path / "faulty.sdf"
    faulty.write_text(text.replace('<link name="link">', '<link name="">'))
    with pytest.raises(AssertionError, match="Error"):
        parsed(parser, faulty)
