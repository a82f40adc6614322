"""env.sh, in every shell that this machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHELLS = [
    pytest.param(s, marks=pytest.mark.skipif(shutil.which(s) is None, reason=f"no {s} here"))
    for s in ("bash", "dash", "zsh")
]

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv" / ".made").exists(), reason="no .venv: run `make test`"
)


def source(shell: str, then: str, folder: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Source env.sh in a shell that was told nothing but a PATH, and return what `then` prints."""
    result = subprocess.run(
        [shell, "-c", f". {ROOT}/env.sh && {then}"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **(env or {})},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_ros_and_the_package_are_there(shell: str) -> None:
    code = "import rclpy, sys; from vlm_ros.msg import Target; print(Target().status, sys.prefix)"
    assert source(shell, f"python -c '{code}'") == f"0 {ROOT / '.venv'}\n"


@pytest.mark.parametrize("shell", SHELLS[::2])
def test_it_can_be_sourced_from_any_folder(shell: str, tmp_path: Path) -> None:
    assert source(shell, "command -v python", tmp_path) == f"{ROOT}/.venv/bin/python\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_sourcing_it_again_changes_nothing(shell: str) -> None:
    twice = f"env; echo ----; . {ROOT}/env.sh; env; true"  # true: a shell execs its last command
    before, after = source(shell, twice).split("----\n")
    assert sorted(before.splitlines()) == sorted(after.splitlines())


def test_it_goes_before_whatever_was_there() -> None:
    """As after another package's environment, or another checkout's, in the same shell."""
    mine = f"{ROOT}/.venv/bin"
    path = source("bash", "echo $PATH", env={"PATH": f"/other/bin:{mine}:/usr/bin:/bin"})
    assert path == f"{mine}:/other/bin:/usr/bin:/bin\n"


def test_it_leaves_no_names_of_its_own_behind() -> None:
    assert "_vlm_ros" not in source("bash", "set")


@pytest.mark.parametrize("name", ["FASTDDS_BUILTIN_TRANSPORTS", "FASTDDS_DEFAULT_PROFILES_FILE"])
def test_transport_settings_of_the_users_own_stand(name: str) -> None:
    printed = source("bash", "env", env={name: "mine"}).splitlines()
    assert [line for line in printed if line.startswith("FAST")] == [f"{name}=mine"]


def test_the_command_works_without_sourcing_anything(tmp_path: Path) -> None:
    """Also through a link to it, as in a folder of the user's PATH."""
    link = tmp_path / "vlm-ros"
    link.symlink_to(ROOT / ".venv" / "bin" / "vlm-ros")
    result = subprocess.run(
        [link, "--version"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.defpath},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("vlm-ros, version ")


def test_an_environment_is_not_mixed_with_another_ros() -> None:
    made_with = (ROOT / ".venv" / ".made").read_text().strip()
    result = subprocess.run(
        ["make", "--dry-run", "build"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": os.defpath, "ROS_DISTRO": "ardent"},
        check=False,
    )
    assert result.returncode == 2
    assert f".venv was made with ROS 2 '{made_with}', but 'ardent' is sourced" in result.stderr
