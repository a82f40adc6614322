"""What the node has to do with the network beside ROS: nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vlm_ros.nodes.child_process import ChildProcess

PROTOCOLS = ("tcp", "tcp6", "udp", "udp6", "raw", "raw6")
EMPTY_NODE = """
import rclpy
from vlm_ros.nodes.transport import use_image_transport
use_image_transport()
rclpy.init()
node = rclpy.create_node("empty")
print("ready", flush=True)
input()
"""
# A network of its own, with a wire to nowhere on which every UDP packet that is sent is counted.
ALONE = """
import collections, os, signal, socket, subprocess, sys, time
for command in (
    "link set lo up", "link add wire type veth peer name end", "link set end up",
    "addr add 192.0.2.1/24 dev wire", "link set wire up", "route add default dev wire",
):
    subprocess.run(["ip", *command.split()], check=True)
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("wire", 0))
wire.settimeout(0.2)
environment = os.environ | {"ROS_DOMAIN_ID": "7"} | dict([sys.argv[1].split("=")])
node = subprocess.Popen([sys.executable, "-m", "vlm_ros", "node"], env=environment)
sent, end = collections.Counter(), time.monotonic() + 6
while time.monotonic() < end:
    try:
        packet = wire.recv(65535)
    except TimeoutError:
        continue
    if packet[12:14] == b"\\x08\\x00" and packet[23] == socket.IPPROTO_UDP:
        sent[".".join(map(str, packet[30:34]))] += 1
assert node.poll() is None, "the node has ended"
node.send_signal(signal.SIGINT)
node.wait()
print(dict(sent))
"""


def sockets(pid: int) -> Counter[str]:
    """How many Internet sockets of which protocol a process has open."""
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(entry.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    own = {link[8:-1] for link in links if link.startswith("socket:[")}
    found: Counter[str] = Counter()
    for protocol in PROTOCOLS:
        lines = Path(f"/proc/{pid}/net/{protocol}").read_text().splitlines()[1:]
        found[protocol] += sum(line.split()[9] in own for line in lines)
    return +found


@pytest.fixture
def empty(ros: None) -> Iterator[int]:
    """The process of a node that has nothing but its name."""
    run = [sys.executable, "-c", EMPTY_NODE]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        try:
            assert node.stdout.readline() == "ready\n"
            yield node.pid
        finally:
            node.kill()


def test_the_node_opens_no_socket_that_an_empty_node_does_not(
    client: Any, start: Callable[..., ChildProcess], empty: int
) -> None:
    node = start("node")
    client.result(client.send_goal("a cup", timeout=0.5))
    assert sockets(node.pid) == sockets(empty)
    assert set(sockets(empty)) == {"udp"}


def sent_by_a_node_alone(setting: str) -> str:
    """Where a node that is alone in a network of its own sends to, as a dict of counts."""
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("needs the commands ip (iproute2) and unshare (util-linux)")
    alone = ["unshare", "--net", "--map-root-user"]
    allowed = subprocess.run([*alone, "true"], capture_output=True, check=False)
    if allowed.returncode:
        pytest.skip("this user may not make a network of their own")
    return subprocess.run(
        [*alone, sys.executable, "-c", ALONE, setting],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_on_this_machine_only_nothing_leaves_it(ros: None) -> None:
    assert sent_by_a_node_alone("ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST") == "{}"


def test_otherwise_it_announces_itself_by_multicast_and_sends_nowhere_else(ros: None) -> None:
    sent = sent_by_a_node_alone("ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET")
    assert sent.startswith("{'239.255.0.1': ")
    assert sent.count(":") == 1
