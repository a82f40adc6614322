"""A node's parameters as a frozen dataclass, declared with descriptions and ranges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

_Settings = TypeVar("_Settings")


def parameter(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    read_only: bool = False,
) -> Any:
    """A field of a dataclass that is a parameter of a node.

    Args:
        default: its type is the parameter's type; a tuple of texts for an array of them.
        description: one sentence, shown by `ros2 param describe`.
        low: smallest value allowed; numbers only, together with `high`.
        high: largest value allowed.
        choices: the texts allowed, where not every one is.
        read_only: whether only the start of the node sets it.
    """
    descriptor = {
        "description": description,
        "read_only": read_only,
        "range": (low, high),
        "choices": tuple(choices),
    }
    return field(default=default, metadata=descriptor)


def declare(node: Node, settings: type) -> None:
    """Declare every field of a dataclass of parameters on a node.

    Raises:
        rclpy.exceptions.ParameterException: the node was started with a value that is out of
            range, of another type or refused by a callback; the message says which.
    """
    for entry in fields(settings):
        low, high = entry.metadata["range"]
        descriptor = ParameterDescriptor(
            description=entry.metadata["description"], read_only=entry.metadata["read_only"]
        )
        if entry.metadata["choices"]:
            descriptor.additional_constraints = f"One of {', '.join(entry.metadata['choices'])}."
        if isinstance(entry.default, float) and low is not None:
            descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
        elif isinstance(entry.default, int) and low is not None:
            descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
        node.declare_parameter(entry.name, entry.default, descriptor)


def read(node: Node, settings: type[_Settings]) -> _Settings:
    """The values that the parameters have now."""
    names = [entry.name for entry in fields(settings)]  # type: ignore[arg-type]
    values = {name: node.get_parameter(name).value for name in names}
    return settings(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
    )


def not_a_choice(settings: type, changes: Iterable[Parameter]) -> str:
    """Why one of some new values is not among those that its parameter allows; "" if all are."""
    choices = {entry.name: entry.metadata["choices"] for entry in fields(settings)}
    for change in changes:
        allowed = choices.get(change.name)
        if allowed and change.value not in allowed:
            return f"there is no {change.name} '{change.value}': use one of {', '.join(allowed)}"
    return ""
