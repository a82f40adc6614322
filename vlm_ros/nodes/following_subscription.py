"""A subscription whose reliability follows the publishers of its topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from vlm_ros.nodes.qos import newest_only


class FollowingSubscription:
    """Keeps the newest message of a topic coming, whatever reliability its publishers offer.

    Every method belongs to the thread that spins the node. A publisher that no subscription of
    ours could match is reported by rclpy's own callback for incompatible QoS.
    """

    def __init__(
        self, node: Node, message_type: type, topic: str, callback: Callable[[Any], None]
    ) -> None:
        """Prepare; nothing is received before `open`."""
        self._node = node
        self._type = message_type
        self._topic = topic
        self._callback = callback
        self._qos = QoSProfile(depth=1)
        self._subscription: Subscription | None = None

    @property
    def topic(self) -> str:
        """The topic's name after remapping."""
        return str(self._node.resolve_topic_name(self._topic))

    @property
    def is_open(self) -> bool:
        """Whether messages are received."""
        return self._subscription is not None

    @property
    def is_published(self) -> bool:
        """Whether the topic has a publisher."""
        return bool(self._publishers())

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
        """Subscribe anew if the publishers of today need another reliability."""
        if not (self.is_open and self.is_published):
            return
        qos = self._fitting_qos()
        if qos.reliability != self._qos.reliability:
            self.close()
            self._subscribe(qos)
            self._node.get_logger().info(
                f"'{self.topic}' is published {qos.reliability.name.lower()}: following it"
            )

    def _publishers(self) -> list[Any]:
        return list(self._node.get_publishers_info_by_topic(self.topic))

    def _fitting_qos(self) -> QoSProfile:
        return newest_only(publisher.qos_profile.reliability for publisher in self._publishers())

    def _subscribe(self, qos: QoSProfile) -> None:
        self._qos = qos
        self._subscription = self._node.create_subscription(
            self._type, self._topic, self._callback, qos
        )
