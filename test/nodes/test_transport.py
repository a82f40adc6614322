"""What a process of this package shares memory with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from vlm_ros.nodes import transport

CONFIG = Path(__file__).resolve().parents[2] / "config"
NODE = """
import os, rclpy
from vlm_ros.nodes.transport import use_image_transport
use_image_transport()
rclpy.init()
node = rclpy.create_node("alone")
print(os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"])
print(os.environ.get("FASTDDS_DEFAULT_PROFILES_FILE", ""))
links = [entry.path for entry in os.scandir("/proc/self/fd")]
print(*[os.readlink(link) for link in links if os.path.lexists(link)])
"""
PROFILE = "FASTDDS_DEFAULT_PROFILES_FILE"


def a_node(settings: dict[str, str]) -> tuple[str, str, set[str]]:
    """Its discovery range, its profile, and the memory it owns for what it sends, by lock files."""
    environment = {key: value for key, value in os.environ.items() if key != PROFILE} | settings
    run = [sys.executable, "-c", NODE]
    said = subprocess.run(run, env=environment, check=True, capture_output=True, text=True).stdout
    reach, profile, files = said.splitlines()
    return reach, Path(profile).name, set(re.findall(r"fast(?:dds|rtps)_[0-9a-f]{16}_el", files))


@pytest.mark.parametrize("profile", [{}, {PROFILE: str(CONFIG / "fastdds.xml")}])
def test_on_this_machine_only_a_node_has_one_shared_memory(
    ros: None, profile: dict[str, str]
) -> None:
    settings = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", **profile}
    reach, used, memory = a_node(settings)
    assert (reach, used) == ("SYSTEM_DEFAULT", "fastdds_localhost.xml")
    assert len(memory) == 1
    # As its children find it.
    settings = {"ROS_AUTOMATIC_DISCOVERY_RANGE": reach, PROFILE: str(CONFIG / used)}
    assert a_node(settings)[:2] == (reach, used)


def test_a_profile_of_the_users_own_stands(ros: None, tmp_path: Path) -> None:
    own = tmp_path / "own.xml"
    own.write_text((CONFIG / "fastdds.xml").read_text())
    settings = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", PROFILE: str(own)}
    assert a_node(settings)[:2] == ("LOCALHOST", "own.xml")


def test_peers_on_other_machines_stay_in_reach(ros: None) -> None:
    settings = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_STATIC_PEERS": "127.0.0.1"}
    assert a_node(settings)[:2] == ("LOCALHOST", "fastdds.xml")


def test_another_middleware_keeps_its_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not read the profile, and would talk to the whole network."""
    monkeypatch.setattr(
        transport, "get_rmw_implementation_identifier", lambda: "rmw_cyclonedds_cpp"
    )
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv(PROFILE, str(CONFIG / "fastdds.xml"))
    transport.use_image_transport()
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
