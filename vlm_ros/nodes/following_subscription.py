"""A subscription whose quality of service follows the publishers of its topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription


class FollowingSubscription:
    """Keeps the newest message of a topic coming, whatever its publishers offer.

    Messages are taken as bytes and read here. Where a publisher takes back a message of which
    only a part had come, Fast DDS may hand on what is left of it: no bytes at all (3.2, and its
    newest version in 2026). Had it to read these, it would try without end, in a loop that nothing
    can leave; a node would be silent for ever. As bytes they are given once or a few times until
    the next message comes.

    Every method belongs to the thread that spins the node. A publisher that no subscription of
    ours could match is reported by rclpy's own callback for incompatible QoS.

    Attributes:
        topic: its name.
        unreadable: how many messages came that could not be read.
    """

    def __init__(
        self,
        node: Node,
        message_type: type,
        topic: str,
        callback: Callable[[Any], None],
        fitting: Callable[[Sequence[QoSProfile]], QoSProfile],
    ) -> None:
        """Prepare; nothing is received before `open`.

        Args:
            node: subscribes.
            message_type: of the messages.
            topic: its name, which remapping has been applied to.
            callback: takes the messages.
            fitting: the profile for what the publishers offer.
        """
        self._node = node
        self._type = message_type
        self._callback = callback
        self._fitting = fitting
        self._qos = QoSProfile(depth=1)
        self._subscription: Subscription | None = None
        self.topic = topic
        self.unreadable = 0

    @property
    def is_open(self) -> bool:
        """Whether messages are received."""
        return self._subscription is not None

    @property
    def is_published(self) -> bool:
        """Whether the topic has a publisher."""
        return bool(self._publishers())

    @property
    def problem(self) -> str:
        """Why no message can come, as a sentence; empty where nothing is known to be wrong."""
        publishers = self._publishers()
        if not publishers:
            return f"Nothing publishes '{self.topic}'."
        types = {publisher.topic_type for publisher in publishers}
        wanted = f"{self._type.__module__.split('.')[0]}/msg/{self._type.__name__}"
        if wanted not in types:
            return f"'{self.topic}' is published as {', '.join(sorted(types))}, not as {wanted}."
        return ""

    def open(self) -> None:
        """Start receiving; does nothing if open."""
        if self._subscription is None:
            self._subscribe(self._fitting_qos())

    def close(self) -> None:
        """Stop receiving; does nothing if closed."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def follow(self) -> None:
        """Subscribe anew if the publishers of today need another profile."""
        if not (self.is_open and self.is_published):
            return
        qos = self._fitting_qos()
        if (qos.reliability, qos.durability) != (self._qos.reliability, self._qos.durability):
            self.close()
            self._subscribe(qos)
            self._node.get_logger().info(
                f"'{self.topic}' is published {qos.reliability.name.lower()}: following it"
            )

    def _publishers(self) -> list[Any]:
        return list(self._node.get_publishers_info_by_topic(self.topic))

    def _fitting_qos(self) -> QoSProfile:
        return self._fitting([publisher.qos_profile for publisher in self._publishers()])

    def _subscribe(self, qos: QoSProfile) -> None:
        self._qos = qos
        self._subscription = self._node.create_subscription(
            self._type, self.topic, self._on_bytes, qos, raw=True
        )

    def _on_bytes(self, serialized: bytes) -> None:
        try:
            message = deserialize_message(serialized, self._type)
        except rclpy_implementation.RMWError:
            self.unreadable += 1
            return
        self._callback(message)
