"""The SROS2 policy allows what the node does, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rclpy.action import get_action_server_names_and_types_by_node

from vlm_ros.nodes.child_process import ChildProcess

POLICY = Path(__file__).resolve().parents[2] / "deploy" / "enclaves.policy.xml"
# What the node has only where it is installed, or with another parameter.
SOMETIMES = {
    "publish": set() if find_spec("vision_msgs") else {"~/detections", "~/detections_3d"},
    "subscribe": {"/tf", "/tf_static", "/clock"},
    "reply": {"~/get_type_description"},
}
IMAGE, DEPTH, CALIBRATION = (
    "camera/color/image_raw",
    "camera/aligned_depth_to_color/image_raw",
    "camera/color/camera_info",
)


def allowed(enclave: str) -> dict[str, set[str]]:
    """The names that an enclave of the policy allows, by what may be done with them."""
    found: dict[str, set[str]] = {}
    path = f"enclaves/enclave[@path='{enclave}']/profiles/profile/*"
    for group in ElementTree.parse(POLICY).getroot().findall(path):
        for action in group.attrib:
            found.setdefault(action, set()).update(str(entry.text) for entry in group)
    return found


def used(client: Any) -> dict[str, set[str]]:
    """The names that the grounding node uses, as the policy would write them."""
    node, namespace = "grounding_node", client.namespace
    graph = {
        "publish": client.get_publisher_names_and_types_by_node(node, namespace),
        "subscribe": client.get_subscriber_names_and_types_by_node(node, namespace),
        "reply": client.get_service_names_and_types_by_node(node, namespace),
        "execute": get_action_server_names_and_types_by_node(client, node, namespace),
    }
    names = {action: {name for name, _ in entries} for action, entries in graph.items()}
    return {
        action: {
            name.replace(f"{namespace}/{node}/", "~/").removeprefix(f"{namespace}/")
            for name in entries
            if "/_action/" not in name
        }
        for action, entries in names.items()
    }


def test_the_node_may_do_what_it_does_and_no_more(
    client: Any, start: Callable[..., ChildProcess]
) -> None:
    start("node", "--image", IMAGE, "--depth", DEPTH, "--camera-info", CALIBRATION)
    client.say("a cup")
    node = ("grounding_node", client.namespace)
    assert client.spin_until(lambda: node in client.get_node_names_and_namespaces())
    assert client.spin_until(lambda: IMAGE in used(client)["subscribe"])
    policy, real = allowed("/vlm_ros/grounding_node"), used(client)
    assert set(policy) == set(real)
    for action, names in real.items():
        assert names <= policy[action], action
        assert policy[action] - names <= SOMETIMES.get(action, set()), action


def test_a_client_may_ask_and_change_nothing() -> None:
    policy = allowed("/vlm_ros/client")
    assert policy["call"] == {"/grounding_node/ground"}
    assert policy["request"] == {"/grounding_node/ground_image", "/grounding_node/get_state"}
