"""What is installed on a robot beside the package: containers, service, layouts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILES = sorted(DEPLOY.glob("*.Dockerfile"))
UBUNTU_OF = {"humble": "22.04", "jazzy": "24.04"}


def instructions(file: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, each with its argument on one line."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    pairs = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(keyword, re.sub(r"\s+", " ", rest)) for keyword, rest in pairs]


def known_topics() -> set[str]:
    """The topics of the node and of its camera, as grounding.launch.py names them by default."""
    policy = ElementTree.parse(DEPLOY / "enclaves.policy.xml").getroot()
    names = {str(topic.text) for topic in policy[0][0].iter("topic")}
    return {
        name.replace("~", "/grounding_node") if name[0] in "~/" else f"/{name}" for name in names
    }


def rviz_topics(node: Any) -> Iterator[str]:
    """Every topic in an RViz configuration."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list):
            yield from rviz_topics(value)
        elif isinstance(value, str) and value.startswith("/") and key != "Class":
            yield value


def test_rviz_shows_topics_that_exist() -> None:
    layout = yaml.safe_load((ROOT / "config" / "grounding.rviz").read_text())
    topics = set(rviz_topics(layout))
    assert {"/grounding_node/overlay", "/grounding_node/markers"} <= topics <= known_topics()
    displays = layout["Visualization Manager"]["Displays"]
    assert all(re.fullmatch(r"rviz_default_plugins/\w+", display["Class"]) for display in displays)


def leaves(tree: Any) -> Iterator[str]:
    """The panels in a layout of Foxglove."""
    if isinstance(tree, str):
        yield tree
    else:
        yield from leaves(tree["first"])
        yield from leaves(tree["second"])


def test_foxglove_shows_topics_that_exist() -> None:
    layout = json.loads((ROOT / "config" / "foxglove.json").read_text())
    assert sorted(leaves(layout["layout"])) == sorted(layout["configById"])
    text = json.dumps(layout["configById"])
    topics = set(re.findall(r'"(/[a-z_]+(?:/[a-z_]+)*)', text))
    assert {"/grounding_node/overlay", "/grounding_node/target", "/command"} <= topics
    assert topics <= known_topics()


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_a_container_copies_what_is_there(file: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    assert ignored[0] == "*"
    assert all((ROOT / name).exists() for name in sent)
    for keyword, argument in instructions(file):
        if keyword == "COPY" and not argument.startswith(("--from", ". ")):
            for source in argument.split()[:-1]:
                assert (ROOT / source).is_file(), source
                assert sent & {source, *map(str, Path(source).parents)}, source


def test_a_container_is_sent_all_that_colcon_installs() -> None:
    sent = (ROOT / ".dockerignore").read_text()
    cmake = (ROOT / "CMakeLists.txt").read_text()
    folders = re.findall(r"^  (\w+)/\*\.|DIRECTORY (\w+)/$", cmake, re.M)
    listed = re.search(r"foreach\(folder ([\w ]+)\)", cmake)
    assert listed is not None
    needed = {name for pair in folders for name in pair if name} | set(listed[1].split())
    assert needed >= {"msg", "vlm_ros", "models"}
    for name in needed | {"tools/node.in", "package.xml"}:
        assert f"!{name}\n" in sent, name


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_a_container_pins_what_the_project_pins(file: Path) -> None:
    pinned = dict(
        line.partition(" ")[0].split("==")
        for requirements in ROOT.glob("requirements/*.txt")
        for line in requirements.read_text().splitlines()
        if "==" in line and not line.startswith("#") and requirements.stem != "numpy-1"
    )
    for name, version in re.findall(r"\s([a-z-]+)==([\d.]+)", file.read_text()):
        if name != "cuda-bindings":  # as old as the CUDA of the base
            assert pinned[name] == version


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_a_container_installs_one_ros_with_what_the_package_asks_for(file: Path) -> None:
    text = file.read_text()
    distribution = re.search(r"ROS_DISTRO=(\w+)", text)
    assert distribution is not None
    assert set(re.findall(r"ros-([a-z]+)-", text)) - {"apt"} == {distribution[1]}
    assert UBUNTU_OF[distribution[1]] in text
    installed = set(re.findall(rf"ros-{distribution[1]}-([a-z0-9-]+)", text))
    # rclpy, launch and the common interfaces come with ros-base.
    assert installed == {"ros-base", "rmw-fastrtps-cpp", "tf2-ros-py", "vision-msgs"}


@pytest.mark.parametrize("file", [*DOCKERFILES, DEPLOY / "environment"], ids=lambda file: file.name)
def test_robots_that_are_named_have_parameters(file: Path) -> None:
    for robot in re.findall(r"robot:=(\w+)", file.read_text()):
        assert (ROOT / "config" / "robots" / f"{robot}.yaml").is_file()


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_a_container_runs_as_nobody_special(file: Path) -> None:
    users = [argument for keyword, argument in instructions(file) if keyword == "USER"]
    assert users == ["vlm_ros"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_service(tmp_path: Path) -> None:
    service = (DEPLOY / "vlm_ros.service").read_text()
    unit = tmp_path / "vlm_ros.service"
    # systemd asks for a program that is there.
    unit.write_text(service.replace("/opt/vlm_ros/entrypoint.sh", "/bin/true"))
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_the_service_keeps_engines_where_it_may_write() -> None:
    service = (DEPLOY / "vlm_ros.service").read_text()
    assert "VLM_ROS_HOME=/var/cache/vlm_ros" in service
    assert "ROS_LOG_DIR=/var/log/vlm_ros" in service
    assert "\nCacheDirectory=vlm_ros\n" in service
    assert "\nLogsDirectory=vlm_ros\n" in service
    assert "\nProtectSystem=strict\n" in service


# Puts a ROS of nothing but setup files in the place of /opt, where only this process sees it.
IN_A_FOLDER_OF_ITS_OWN = ["unshare", "--mount", "--map-root-user", "sh", "-c"]


def entrypoint(prefix: Path, *command: str) -> subprocess.CompletedProcess[str]:
    allowed = subprocess.run(
        [*IN_A_FOLDER_OF_ITS_OWN, f"mount --bind '{prefix}' /opt"], capture_output=True, check=False
    )
    if allowed.returncode:
        pytest.skip("this user may not mount a folder in the place of /opt")
    run = f"mount --bind '{prefix}' /opt && exec /opt/vlm_ros/entrypoint.sh \"$@\""
    return subprocess.run(
        [*IN_A_FOLDER_OF_ITS_OWN, run, "sh", *command],
        env={"PATH": os.environ["PATH"], "ROS_DISTRO": "some"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """What the containers have below /opt, as far as the entry point is concerned."""
    for folder in ("ros/some", "vlm_ros/install", "vlm_ros/venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    # ROS's own files read variables that are not set.
    (tmp_path / "ros/some/setup.bash").write_text('export SOURCED="$NOT_SET ros"\n')
    (tmp_path / "vlm_ros/install/local_setup.bash").write_text('SOURCED="$SOURCED here"\n')
    shutil.copy(DEPLOY / "entrypoint.sh", tmp_path / "vlm_ros")
    program = tmp_path / "vlm_ros/venv/bin/program"
    program.write_text('#!/bin/sh\necho "$SOURCED"; for each; do echo "[$each]"; done; exit 3\n')
    program.chmod(0o755)
    return tmp_path


def test_the_entry_point_runs_a_command_with_ros_and_its_environment(prefix: Path) -> None:
    ended = entrypoint(prefix, "program", "a b", "model:=c")
    assert ended.stdout == " ros here\n[a b]\n[model:=c]\n"
    assert ended.returncode == 3


def test_the_entry_point_says_that_ros_is_not_named() -> None:
    environment = {"PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [str(DEPLOY / "entrypoint.sh"), "true"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "ROS_DISTRO" in ended.stderr
