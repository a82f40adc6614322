from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from vlm_ros.cli.data import command
from vlm_ros.errors import SimulationError
from vlm_ros.simulation.dataset import (
    LEAST_VISIBLE,
    SMALLEST_BOX,
    DatasetOptions,
    gather_annotations,
    render_dataset,
)
from vlm_ros.simulation.kinds import KINDS


def options(folder: Path) -> DatasetOptions:
    return DatasetOptions(folder, views=2, width=160, height=120)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "annotations.jsonl").read_text().splitlines()]


def test_pictures_and_annotations_belong_together(tmp_path: Path, renderer: None) -> None:
    assert list(render_dataset(options(tmp_path), [7, 8])) == [7, 8]
    lines = lines_of(tmp_path)
    assert [line["image"] for line in lines] == [
        f"images/{seed:06d}_{view}.jpg" for seed in (7, 8) for view in (0, 1)
    ]
    for line in lines:
        picture = cv2.imread(str(tmp_path / line["image"]))
        assert picture is not None
        assert picture.shape == (line["height"], line["width"], 3) == (120, 160, 3)
        assert line["objects"]
        for entry in line["objects"]:
            x1, y1, x2, y2 = entry["box"]
            assert 0 <= x1 < x2 <= 160
            assert 0 <= y1 < y2 <= 120
            assert min(x2 - x1, y2 - y1) >= SMALLEST_BOX
            assert LEAST_VISIBLE <= entry["visible"] <= 1
            assert entry["attributes"]["colour"]
            assert 0.3 < entry["position"][2] < 2.5
    entries = [entry for line in lines for entry in line["objects"]]
    told = {entry["posture"] for entry in entries if "posture" in entry}
    assert "upright" in told and told <= {"upright", "lying", "upside down"}
    assert all(KINDS[e["name"]].postures for e in entries if "posture" in e)


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, renderer: None) -> None:
    running = render_dataset(options(tmp_path), [1, 2])
    assert next(running) == 1
    running.close()  # as Ctrl-C does
    assert {line["seed"] for line in lines_of(tmp_path)} == {1}
    first = tmp_path / "images" / "000001_0.jpg"
    written = first.stat().st_mtime_ns

    assert sorted(render_dataset(options(tmp_path), [1, 2])) == [1, 2]
    assert first.stat().st_mtime_ns == written, "a finished scene was rendered again"
    assert [line["seed"] for line in lines_of(tmp_path)] == [1, 1, 2, 2]
    assert not list(tmp_path.rglob(".*")), "temporary files are left"


def test_half_a_scene_is_rendered_again(tmp_path: Path, renderer: None) -> None:
    list(render_dataset(options(tmp_path), [1]))
    (tmp_path / "scenes" / "000001.jsonl").unlink()
    (tmp_path / "images" / "000001_0.jpg").write_bytes(b"")
    list(render_dataset(options(tmp_path), [1]))
    assert cv2.imread(str(tmp_path / "images" / "000001_0.jpg")) is not None


def test_workers_render_what_one_process_renders(tmp_path: Path, renderer: None) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    list(render_dataset(options(alone), [4, 5]))
    assert sorted(render_dataset(options(together), [4, 5], jobs=2)) == [4, 5]
    assert lines_of(alone) == lines_of(together)
    for path in sorted((alone / "images").iterdir()):
        assert path.read_bytes() == (together / "images" / path.name).read_bytes()


def test_annotations_are_gathered_in_the_order_of_seeds(tmp_path: Path) -> None:
    (tmp_path / "scenes").mkdir()
    for seed in (1_000_000, 2):
        (tmp_path / "scenes" / f"{seed:06d}.jsonl").write_text(json.dumps({"seed": seed}) + "\n")
    gather_annotations(tmp_path)
    assert [line["seed"] for line in lines_of(tmp_path)] == [2, 1_000_000]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(SimulationError, match="out"):
        next(render_dataset(options(tmp_path / "out"), [1]))


def test_the_command_renders_with_photographs_behind(tmp_path: Path, renderer: None) -> None:
    backgrounds = tmp_path / "backgrounds"
    backgrounds.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    cv2.imwrite(str(backgrounds / "noise.png"), pixels)
    out = tmp_path / "out"
    said = CliRunner().invoke(
        command,
        [
            *("render", str(out), "--scenes", "1", "--seed", "9"),
            *("--width", "96", "--height", "72", "--backgrounds", str(backgrounds)),
        ],
        catch_exceptions=False,
    )
    assert said.exit_code == 0, said.output
    assert "1 pictures in" in said.output
    assert [line["seed"] for line in lines_of(out)] == [9]


def test_the_command_refuses_a_folder_without_photographs(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = CliRunner().invoke(
        command, ["render", str(tmp_path / "out"), "--backgrounds", str(tmp_path / "empty")]
    )
    assert said.exit_code == 2
    assert "holds no JPEG or PNG files" in said.output


def test_the_command_renders_snapshots_of_scans(
    tmp_path: Path, scans_folder: Path, renderer: None
) -> None:
    out = tmp_path / "out"
    arguments = [
        *("render", str(out), "--scenes", "3", "--views", "2", "--seed", "5"),
        *("--width", "160", "--height", "120", "--upright", "0.5"),
        *("--meshes", str(scans_folder), "--generated", "0"),
    ]
    said = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert said.exit_code == 0, said.output
    lines = lines_of(out)
    assert len(lines) == 6
    assert {(line["width"], line["height"]) for line in lines} == {(160, 120), (120, 160)}
    for line in lines:
        picture = cv2.imread(str(out / line["image"]))
        assert picture is not None
        assert picture.shape == (line["height"], line["width"], 3)
    entries = [entry for line in lines for entry in line["objects"]]
    assert {entry["name"] for entry in entries} == {"block", "cup"}
    cubes = [entry for entry in entries if entry["name"] == "block"]
    assert all(entry["names"] == ["wooden block"] for entry in cubes)
    assert all(("accents" in entry) == (entry["attributes"]["colour"] == "red") for entry in cubes)
    assert {part["name"] for entry in cubes for part in entry["parts"]} == {"top"}


def test_a_snapshot_does_not_depend_on_those_before_it(
    tmp_path: Path, scans_folder: Path, renderer: None
) -> None:
    def rendered(folder: Path, seeds: list[int]) -> bytes:
        wanted = DatasetOptions(folder, width=160, height=120, meshes=scans_folder, generated=0.5)
        list(render_dataset(wanted, seeds))
        return (folder / "images" / "000007_0.jpg").read_bytes()

    assert rendered(tmp_path / "alone", [7]) == rendered(tmp_path / "after", [6, 7])


def test_the_command_refuses_a_folder_without_scans(tmp_path: Path, renderer: None) -> None:
    (tmp_path / "empty").mkdir()
    arguments = ["render", str(tmp_path / "out"), "--meshes", str(tmp_path / "empty")]
    said = CliRunner().invoke(command, arguments)
    assert isinstance(said.exception, SimulationError)
    assert "holds no object that has a label" in str(said.exception)


def test_a_share_without_scans_is_refused(tmp_path: Path) -> None:
    said = CliRunner().invoke(command, ["render", str(tmp_path / "out"), "--generated", "0.5"])
    assert said.exit_code == 2
    assert "give --meshes" in said.output
