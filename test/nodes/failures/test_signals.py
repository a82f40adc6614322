"""Ctrl-C, a service manager's stop and a kill, in whatever state they find the node."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from lifecycle_msgs.msg import Transition

from vlm_ros.nodes.child_process import ChildProcess
from vlm_ros.nodes.shared_memory import lost_ports
from vlm_ros.nodes.target_finder import NodeUnavailableError, TargetFinder

# A service manager waits longer, a person does not.
END_S = 5.0
COMMAND = "the red cup"
_PORT = r"fast(?:dds|rtps)_port\d+"
_SEGMENT = r"fast(?:dds|rtps)_[0-9a-z]{16}"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]


@contextmanager
def node(client: Any, model: Path, *arguments: str) -> Iterator[ChildProcess]:
    """A node in the client's namespace; where the test fails, what it said is shown."""
    ros = ["--ros-args", "-r", f"__ns:={client.namespace}", *arguments]
    with ChildProcess(["node", "--model", str(model), *ros]) as process:
        try:
            yield process
        finally:
            print(process.output)


def owned(process: int, pattern: str) -> set[Path]:
    """Shared memory of Fast DDS that a process owns: the lock files that it has open say which."""
    links = []
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            links.append(file.readlink())
    locks = [link for link in links if re.fullmatch(f"{pattern}_el", link.name)]
    return {lock.with_name(lock.name.removesuffix("_el")) for lock in locks}


def unconfigured(manager: Any) -> None:
    manager.meet()


def inactive(manager: Any) -> None:
    manager.meet()
    manager.change(Transition.TRANSITION_CONFIGURE)


def active(manager: Any) -> None:
    inactive(manager)
    manager.change(Transition.TRANSITION_ACTIVATE)


def answering(manager: Any) -> None:
    active(manager)
    manager.look_for(COMMAND)


def searching(manager: Any) -> None:
    active(manager)
    manager.client.feedback.clear()
    manager.client.send_goal("the toothbrush", timeout=60.0)
    assert manager.client.spin_until(lambda: len(manager.client.feedback) > 2)


def deactivated(manager: Any) -> None:
    answering(manager)
    manager.change(Transition.TRANSITION_DEACTIVATE)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize(
    "reach", [unconfigured, inactive, active, answering, searching, deactivated]
)
def test_the_node_ends_at_once(
    manager: Any,
    model: Path,
    camera: Any,
    reach: Callable[[Any], None],
    number: signal.Signals,
) -> None:
    with node(manager.client, model, "-p", "autostart:=false") as process:
        reach(manager)
        os.kill(process.pid, number)
        code = process.wait(END_S)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0), process.output
    assert "Traceback" not in process.output, process.output


def test_a_search_whose_node_is_killed_says_so(manager: Any, model: Path, camera: Any) -> None:
    with node(manager.client, model) as process:
        manager.meet()
        killing = threading.Timer(0.5, os.kill, (process.pid, signal.SIGKILL))
        killing.start()
        begun = time.monotonic()
        with pytest.raises(NodeUnavailableError, match="did not answer"):
            TargetFinder(manager.client).find("the toothbrush", timeout=1.0)
        killing.join()
    assert time.monotonic() - begun < 10.0


def test_a_node_gives_back_the_memory_of_those_that_were_killed(
    manager: Any, model: Path, camera: Any
) -> None:
    killed: set[Path] = set()
    for _ in range(2):
        with node(manager.client, model) as process:
            manager.meet()
            manager.look_for(COMMAND)
            killed |= owned(process.pid, _SEGMENT)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(END_S)
    orphans = {segment for segment in killed if segment.exists()}
    if not orphans:
        pytest.skip("nothing is left to give back: another node came first, or another middleware")
    for orphan in orphans:
        # As if they had been killed a while ago.
        os.utime(orphan.with_name(f"{orphan.name}_el"), (0.0, 0.0))
    with node(manager.client, model):
        manager.meet()
        manager.look_for(COMMAND)
        assert not [orphan for orphan in orphans if orphan.exists()]


def sent_elsewhere() -> set[Path]:
    """Ports that this process sends to, and whose file is gone."""
    maps = Path("/proc/self/maps").read_text()
    ports = re.findall(rf"(/\S+/{_PORT})( \(deleted\))?$", maps, re.MULTILINE)
    return {Path(port) for port, deleted in ports if deleted and (port, "") not in ports}


def listens(process: ChildProcess) -> set[Path]:
    """The ports of a node that has just started; before, it also holds those it avoids."""
    deadline = time.monotonic() + 30.0
    while "ready for commands" not in process.output:
        assert time.monotonic() < deadline, process.output
        time.sleep(0.01)
    return owned(process.pid, _PORT)


# A program that knows nothing of this package, takes the ports of the dead and ends properly.
_PASSING = "import rclpy; rclpy.init(); rclpy.create_node('passing')"


@pytest.mark.parametrize("meanwhile", ["", _PASSING], ids=["left", "replaced"])
def test_a_node_takes_no_port_of_one_that_was_killed(
    manager: Any, model: Path, camera: Any, meanwhile: str
) -> None:
    """What a client sends there may go on into the memory of the dead one."""
    with node(manager.client, model) as process:
        manager.meet()
        manager.look_for(COMMAND)
        dead = owned(process.pid, _PORT)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(END_S)
    if not dead:
        pytest.skip("it listened to no shared memory: another middleware")
    subprocess.run([sys.executable, "-c", meanwhile], check=True, timeout=60)
    with node(manager.client, model) as process:
        assert not listens(process) & sent_elsewhere()
        manager.meet()
        manager.look_for(COMMAND)


@pytest.mark.parametrize("removed", [("",), ("", "_el")], ids=["port", "port_and_lock"])
def test_a_node_whose_port_is_removed_at_its_start_begins_anew(
    manager: Any, model: Path, camera: Any, removed: tuple[str, ...]
) -> None:
    with node(manager.client, model) as process:
        manager.meet()
        ports = owned(process.pid, _PORT)
        if not ports:
            pytest.skip("it listens to no shared memory: another middleware")
        for port in ports:
            for suffix in removed:
                port.with_name(port.name + suffix).unlink()
        assert lost_ports(Path(f"/proc/{process.pid}"))
        deadline = time.monotonic() + 30.0
        while process.output.count("ready for commands") < 2:
            assert time.monotonic() < deadline, process.output
            time.sleep(0.1)
        assert not lost_ports(Path(f"/proc/{process.pid}"))
        manager.meet()
        manager.look_for(COMMAND)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(END_S) == 0
    assert "it starts anew" in process.output
    assert "Traceback" not in process.output


class Starting:
    """A node that is starting, and how long that has taken."""

    def __init__(self, model: Path) -> None:
        self._begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vlm_ros", "node", "--model", str(model)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def until_ready(self) -> float:
        """Wait for its last word about the start; seconds since it was begun."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "ready for commands" in line:
                break
        return time.monotonic() - self._begun

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Its exit code and what it said."""
        self.process.send_signal(number)
        try:
            said, _ = self.process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, said


@pytest.mark.parametrize("number", SIGNALS[:2], ids=lambda number: number.name)
def test_a_signal_at_any_moment_of_the_start_ends_it(model: Path, number: signal.Signals) -> None:
    # More than once: between its last word and its first wait there is hardly any time.
    for _ in range(5):
        starting = Starting(model)
        whole = starting.until_ready()
        code, said = starting.end(number)
        assert code == 0, said
    for tenth in range(1, 11):
        starting = Starting(model)
        time.sleep(whole * tenth / 10.0)
        code, said = starting.end(number)
        # Before ROS is there, the signal ends it as it ends any program in Python.
        assert code == 0 or "RCLError" not in said, said


# A module of this name is imported before any program begins.
FORGETFUL = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "rclpy":
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                pass

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("command", [["node"], ["simulate"]], ids=lambda command: command[0])
def test_ctrl_c_is_not_lost_by_an_import(tmp_path: Path, command: list[str]) -> None:
    """Python forgets a KeyboardInterrupt that comes while it drops the lock of a module."""
    (tmp_path / "sitecustomize.py").write_text(FORGETFUL)
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    ended = subprocess.run(
        [sys.executable, "-m", "vlm_ros", *command],
        env={**os.environ, "PYTHONPATH": path},
        timeout=20.0,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == -signal.SIGINT, ended.stdout + ended.stderr
