"""What a kind of object is, and the styles that parts of many kinds share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from numpy.random import Generator

from vlm_ros.simulation.shapes import Shape


@dataclass(frozen=True)
class PartStyle:
    """How a part other than the body may look.

    Attributes:
        colours: names to draw from; "body" is the body's own, "other" any paint unlike it.
        material: see `scene.Finish`.
        named: whether people speak of the part ("a mug with a white handle").
    """

    colours: tuple[str, ...] = ("body",)
    material: str = "plastic"
    named: bool = True


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    Attributes:
        name: the noun people say.
        build: makes a shape from random proportions.
        colours: of the body; () is any paint.
        materials: of the body.
        patterned: whether the body may carry stripes, dots or checks.
        parts: styles of parts by name; a part without one looks like the body.
        lying: chance that it lies on its side instead of standing.
        upturned: chance that it stands upside down.
        second: colours of freckles and grain on natural things.
        weight: how often it is drawn.
        flat: whether its top is a good place for another object.
        names: other nouns that are true of it.
    """

    name: str
    build: Callable[[Generator], Shape]
    colours: tuple[str, ...] = ()
    materials: tuple[str, ...] = ("plastic",)
    patterned: bool = False
    parts: dict[str, PartStyle] = field(default_factory=dict)
    lying: float = 0.0
    upturned: float = 0.0
    second: tuple[str, ...] = ()
    weight: float = 1.0
    flat: bool = False
    names: tuple[str, ...] = ()

    @property
    def postures(self) -> frozenset[str]:
        """How it may be found; see `postures`."""
        return postures(self.lying > 0.0, self.upturned > 0.0)


def postures(lying: bool, upturned: bool) -> frozenset[str]:
    """The postures that people tell apart: "upright", "lying" and "upside down".

    Args:
        lying: whether it is also put on its side.
        upturned: whether it is also put upside down, which others do not show.

    Returns:
        Those that it may be found in; none of what is always put down in one way.
    """
    if not (lying or upturned):
        return frozenset()
    return frozenset({"upright", "lying", *(("upside down",) if upturned else ())})


BODY = PartStyle(named=False)
INSIDE = PartStyle(("body", "body", "white"), "ceramic", named=False)
LID = PartStyle(("other", "other", "white", "black", "silver", "gold", "red", "blue"), "plastic")
CAP = PartStyle(("other", "other", "white", "red", "blue", "green", "black"), "plastic")
LABEL = PartStyle(("white", "other", "paper"), "paper")
HANDLE = PartStyle(("body", "body", "other", "white", "black"), "ceramic")
GRIP = PartStyle(("black", "brown", "other", "red"), "plastic")
STEEL = PartStyle(("silver",), "metal", named=False)
BLADE = PartStyle(("silver",), "metal")
STALK = PartStyle(("stalk",), "plain", named=False)
LEAVES = PartStyle(("leaf",), "plain", named=False)
PAGES = PartStyle(("paper",), "paper", named=False)
SCREEN = PartStyle(("screen",), "glass face", named=False)

BARE = ("silver", "silver", "gold", "copper")
TIMBER = ("brown", "pale wood", "brown")
