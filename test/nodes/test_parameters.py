from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from vlm_ros.nodes import parameters
from vlm_ros.nodes.parameters import not_a_choice, parameter


@dataclass(frozen=True)
class Settings:
    rate: float = parameter(15.0, "Frames a second.", low=0.1, high=120.0)
    seed: int = parameter(0, "Of the scene.", low=0, high=10)
    cameras: tuple[str, ...] = parameter(("",), "Names.", read_only=True)
    transport: str = parameter("raw", "How.", choices=("raw", "compressed"))


@pytest.fixture
def made(ros: None) -> Iterator[Any]:
    """Makes a node that was started with some values."""
    nodes = []

    def make(**values: Any) -> Node:
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        nodes.append(Node("tuned", parameter_overrides=overrides))
        parameters.declare(nodes[-1], Settings)
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()


def test_values_are_read_as_they_were_given(made: Any) -> None:
    assert parameters.read(made(), Settings) == Settings()
    node = made(cameras=["front", "wrist"], rate=5.0)
    assert parameters.read(node, Settings) == Settings(cameras=("front", "wrist"), rate=5.0)


@pytest.mark.parametrize(("name", "value"), [("rate", 0.0), ("seed", 11)])
def test_a_value_out_of_range_is_refused_at_the_start_and_later(
    made: Any, name: str, value: Any
) -> None:
    with pytest.raises(InvalidParameterValueException):
        made(**{name: value})
    outcome = made().set_parameters([Parameter(name, value=value)])[0]
    assert not outcome.successful
    assert name in outcome.reason


@pytest.mark.parametrize(("name", "value"), [("rate", "fast"), ("cameras", "front")])
def test_a_value_of_another_type_is_refused(made: Any, name: str, value: Any) -> None:
    with pytest.raises(InvalidParameterTypeException):
        made(**{name: value})


def test_every_parameter_describes_itself(made: Any) -> None:
    rate, cameras, transport = (
        made().describe_parameter(name) for name in ("rate", "cameras", "transport")
    )
    assert rate.description == "Frames a second."
    assert rate.floating_point_range[0].to_value == 120.0
    assert cameras.read_only
    assert transport.additional_constraints == "One of raw, compressed."


def test_what_is_read_only_cannot_change(made: Any) -> None:
    assert not made().set_parameters([Parameter("cameras", value=["a"])])[0].successful


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("transport", "compressed", ""),
        ("transport", "pigeon", "'pigeon': use one of raw, compressed"),
        ("rate", 3.0, ""),
        ("unknown", "x", ""),
    ],
)
def test_a_text_that_is_not_a_choice_is_named_with_the_choices(
    name: str, value: Any, words: str
) -> None:
    reason = not_a_choice(Settings, [Parameter(name, value=value)])
    assert (words in reason) if words else not reason
