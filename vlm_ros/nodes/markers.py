"""Answers for RViz and Foxglove: the oriented box of each target, its axes and its label."""

from __future__ import annotations

from collections.abc import Iterator

from geometry_msgs.msg import Point, Pose, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from vlm_ros.drawing import BLUE, GREEN, GREY
from vlm_ros.geometry.rotations import matrix
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.clock import duration_message

# What is left of a node that died vanishes by itself.
_LIFETIME_S = 5.0
_BOX_OPACITY = 0.45
_LOST_OPACITY = 0.2
_LEAST_EDGE_M = 0.005
_AXIS_WIDTH_M = 0.004
_LETTER_HEIGHT_M = 0.03
# As RViz draws axes (REP 103).
_AXIS_COLOURS = {
    "x": ColorRGBA(r=1.0, g=0.1, b=0.1, a=1.0),
    "y": ColorRGBA(r=0.1, g=0.9, b=0.1, a=1.0),
    "z": ColorRGBA(r=0.2, g=0.4, b=1.0, a=1.0),
}


class Markers:
    """The markers of each camera, which of them are shown, and so which are to go."""

    def __init__(self) -> None:
        """Start with nothing shown."""
        self._shown: dict[str, tuple[Header, set[tuple[str, int]]]] = {}

    def of(self, array: TargetArray) -> MarkerArray:
        """Markers of the targets of an image, and the removal of its camera's older ones.

        Metres, in the camera's optical frame at the image's stamp. A target that is lost is grey,
        where it is thought to be.
        """
        message = MarkerArray()
        targets = [*array.targets, *array.lost]
        for index, target in enumerate(targets):
            if target.has_position:
                colour = GREEN if target.role == "target" else BLUE
                opacity = _BOX_OPACITY
                if index >= len(array.targets):
                    colour, opacity = GREY, _LOST_OPACITY
                message.markers += _markers(target, index, colour, opacity)
        _, old = self._shown.get(array.camera, (None, set[tuple[str, int]]()))
        new = {(marker.ns, marker.id) for marker in message.markers}
        message.markers += [_removal(array.header, *name) for name in sorted(old - new)]
        self._shown[array.camera] = array.header, new
        return message

    def removed(self) -> MarkerArray:
        """The removal of everything that is shown."""
        shown, self._shown = self._shown, {}
        message = MarkerArray()
        message.markers = [
            _removal(header, *name) for header, names in shown.values() for name in sorted(names)
        ]
        return message


def _markers(
    target: Target, index: int, colour: tuple[int, int, int], opacity: float
) -> Iterator[Marker]:
    pose = Pose(position=target.position, orientation=target.orientation)
    red, green, blue = (part / 255.0 for part in colour)

    def marker(kind: str, shape: int, scale: Vector3, alpha: float) -> Marker:
        return Marker(
            header=target.header,
            ns=f"{target.camera}/{kind}" if target.camera else kind,
            id=index,
            type=shape,
            action=Marker.ADD,
            pose=pose,
            scale=scale,
            color=ColorRGBA(r=red, g=green, b=blue, a=alpha),
            lifetime=duration_message(_LIFETIME_S),
        )

    # RViz refuses an edge of zero.
    edges = {axis: max(getattr(target.size, axis), _LEAST_EDGE_M) for axis in "xyz"}
    yield marker("box", Marker.CUBE, Vector3(**edges), opacity)
    axes = marker("axes", Marker.LINE_LIST, Vector3(x=_AXIS_WIDTH_M), 1.0)
    for axis, axis_colour in _AXIS_COLOURS.items():
        axes.points += [Point(), Point(**{axis: 0.75 * edges[axis]})]
        axes.colors += [axis_colour, axis_colour]
    yield axes
    label = marker("label", Marker.TEXT_VIEW_FACING, Vector3(z=_LETTER_HEIGHT_M), 1.0)
    label.text = _caption(target)
    label.pose = Pose(position=_above(target))
    yield label


def _caption(target: Target) -> str:
    identity = f" #{target.track_id}" if target.track_id >= 0 else ""
    return f"{target.label}{identity} {target.score:.2f}"


def _above(target: Target) -> Point:
    """A point over the box: along its z axis, which leads away from its support."""
    turn, middle = target.orientation, target.position
    up = matrix((turn.x, turn.y, turn.z, turn.w))[:, 2]
    x, y, z = (up * (target.size.z / 2.0 + _LETTER_HEIGHT_M)).tolist()
    return Point(x=middle.x + x, y=middle.y + y, z=middle.z + z)


def _removal(header: Header, namespace: str, identity: int) -> Marker:
    return Marker(header=header, ns=namespace, id=identity, action=Marker.DELETE)
