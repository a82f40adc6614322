"""The catalogue of object kinds: their shapes, and how each may look."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.random import Generator

from vlm_ros.simulation import food, household, tools, vessels
from vlm_ros.simulation.colours import PAINTS
from vlm_ros.simulation.shapes import Shape

VARIANTS = 16
"""How many different shapes there are of each kind."""


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

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "cup",
            vessels.cup,
            materials=("plastic", "ceramic", "paper", "metal"),
            patterned=True,
            parts={"inside": INSIDE},
            lying=0.15,
            upturned=0.12,
            weight=3.0,
        ),
        Kind(
            "mug",
            vessels.mug,
            materials=("ceramic", "ceramic", "metal", "plastic"),
            patterned=True,
            parts={"inside": INSIDE, "handle": HANDLE},
            upturned=0.08,
            weight=2.6,
        ),
        Kind(
            "bowl",
            vessels.bowl,
            materials=("ceramic", "plastic", "wooden", "metal"),
            patterned=True,
            parts={"inside": INSIDE},
            upturned=0.06,
            weight=2.4,
        ),
        Kind(
            "plate",
            vessels.plate,
            materials=("ceramic", "plastic", "metal"),
            weight=2.0,
            patterned=True,
        ),
        Kind("saucer", vessels.saucer, materials=("ceramic", "plastic"), weight=0.5),
        Kind(
            "bottle",
            vessels.bottle,
            materials=("plastic", "glass", "plastic", "metal"),
            parts={"cap": CAP, "label": LABEL},
            lying=0.15,
            weight=2.6,
        ),
        Kind(
            "can",
            vessels.can,
            materials=("metal",),
            patterned=True,
            parts={"lid": STEEL},
            lying=0.15,
            weight=2.2,
        ),
        Kind(
            "jar",
            vessels.jar,
            materials=("glass", "ceramic", "plastic"),
            parts={"lid": LID, "label": LABEL},
            lying=0.08,
            weight=1.8,
        ),
        Kind(
            "glass",
            vessels.glass,
            colours=(
                "white",
                "light blue",
                "light green",
                "green",
                "blue",
                "turquoise",
                "pink",
                "orange",
            ),
            materials=("glass",),
            parts={"inside": BODY},
            weight=1.4,
        ),
        Kind(
            "wine glass",
            vessels.wine_glass,
            colours=("white", "white", "light blue", "pink", "light green"),
            materials=("glass",),
            parts={"inside": BODY},
            weight=0.8,
        ),
        Kind(
            "vase",
            vessels.vase,
            materials=("ceramic", "glass"),
            patterned=True,
            parts={"inside": BODY},
            weight=1.2,
        ),
        Kind(
            "plant",
            vessels.flower_pot,
            colours=("terracotta", "white", "grey", "black", "blue", "yellow", "red", "green"),
            materials=("ceramic", "plastic"),
            parts={
                "inside": BODY,
                "earth": PartStyle(("earth",), "plain", False),
                "plant": PartStyle(("leaf",), "plain", False),
            },
            weight=0.7,
        ),
        Kind(
            "bucket",
            vessels.bucket,
            materials=("plastic", "metal"),
            parts={"inside": BODY, "handle": PartStyle(("silver", "white", "black"), "metal")},
            weight=0.8,
        ),
        Kind(
            "teapot",
            vessels.teapot,
            materials=("ceramic", "ceramic", "metal"),
            patterned=True,
            parts={"lid": PartStyle(("body", "body", "other"), "ceramic"), "handle": HANDLE},
            weight=1.1,
        ),
        Kind(
            "jug",
            vessels.pitcher,
            materials=("ceramic", "plastic", "metal"),
            patterned=True,
            parts={"inside": BODY, "handle": HANDLE},
            weight=1.0,
        ),
        Kind(
            "pan",
            vessels.pan,
            colours=("black", "dark grey", "red", "silver", "black", "blue", "green", "copper"),
            materials=("metal",),
            parts={
                "inside": PartStyle(("body", "body", "body", "dark grey"), "metal", False),
                "handle": GRIP,
            },
            weight=1.1,
        ),
        Kind(
            "pot",
            vessels.pot,
            materials=("metal",),
            parts={
                "lid": PartStyle(("body", "body", "silver"), "metal"),
                "handle": PartStyle(("black", "silver")),
            },
            weight=1.1,
        ),
        Kind(
            "basket",
            vessels.basket,
            colours=("pale wood", "brown", "pale wood", "white"),
            materials=("wicker",),
            parts={"inside": BODY, "rim": BODY},
            weight=0.9,
        ),
        Kind(
            "tray",
            vessels.tray,
            materials=("plastic", "metal", "wooden"),
            patterned=True,
            weight=0.6,
        ),
        Kind(
            "apple",
            food.apple,
            colours=("red", "red", "fruit green", "yellow"),
            materials=("natural",),
            second=("dark red", "yellow", "fruit green"),
            parts={"stem": STALK},
            weight=1.8,
        ),
        Kind(
            "orange",
            food.orange,
            colours=("orange fruit",),
            materials=("natural",),
            second=("orange fruit",),
            parts={"stem": LEAVES},
            weight=1.3,
        ),
        Kind(
            "lemon",
            food.lemon,
            colours=("lemon",),
            materials=("natural",),
            second=("lemon",),
            weight=1.2,
        ),
        Kind(
            "lime",
            food.lemon,
            colours=("fruit green",),
            materials=("natural",),
            second=("fruit green",),
            weight=0.5,
        ),
        Kind(
            "pear",
            food.pear,
            colours=("fruit green", "yellow", "fruit green"),
            materials=("natural",),
            second=("brown",),
            parts={"stem": STALK},
            lying=0.3,
            weight=1.1,
        ),
        Kind(
            "tomato",
            food.tomato,
            colours=("red",),
            materials=("natural",),
            second=("red",),
            parts={"stem": LEAVES},
            weight=1.1,
        ),
        Kind(
            "banana",
            food.banana,
            colours=("banana", "banana", "banana", "fruit green"),
            materials=("natural",),
            second=("brown",),
            parts={"tip": STALK},
            weight=1.9,
        ),
        Kind(
            "carrot",
            food.carrot,
            colours=("carrot",),
            materials=("natural",),
            second=("carrot",),
            parts={"leaves": LEAVES},
            weight=1.1,
        ),
        Kind(
            "cucumber",
            food.cucumber,
            colours=("dark green", "green"),
            materials=("natural",),
            second=("dark green",),
            weight=0.8,
        ),
        Kind(
            "pepper",
            food.bell_pepper,
            colours=("red", "green", "yellow", "orange"),
            materials=("natural",),
            second=(),
            parts={"stem": LEAVES},
            lying=0.4,
            weight=0.9,
        ),
        Kind(
            "egg",
            food.egg,
            colours=("white", "eggshell", "eggshell"),
            materials=("natural",),
            weight=0.9,
        ),
        Kind(
            "donut",
            food.donut,
            colours=("pink", "chocolate", "white", "light blue", "yellow"),
            materials=("natural",),
            parts={"dough": PartStyle(("dough",), "plain", False)},
            weight=0.9,
        ),
        Kind(
            "bread",
            food.bread,
            colours=("crumb",),
            materials=("natural",),
            second=("dough",),
            parts={"crust": PartStyle(("crust",), "plain", False)},
            weight=0.6,
        ),
        Kind(
            "cheese",
            food.cheese,
            colours=("cheese",),
            materials=("natural",),
            second=("orange",),
            weight=0.6,
        ),
        Kind(
            "chocolate bar",
            food.chocolate,
            colours=("chocolate", "chocolate", "crumb"),
            materials=("natural",),
            weight=0.6,
        ),
        Kind(
            "knife",
            tools.knife,
            colours=("black", "brown", "silver", "red", "blue", "green", "white", "yellow"),
            parts={"blade": BLADE},
            weight=1.3,
        ),
        Kind(
            "fork",
            tools.fork,
            colours=(*BARE, "white", "red", "blue", "green", "yellow"),
            weight=1.3,
        ),
        Kind(
            "spoon",
            tools.spoon,
            colours=(*BARE, "white", "red", "blue", "green", "yellow"),
            weight=1.3,
        ),
        Kind(
            "spatula",
            tools.spatula,
            parts={"head": PartStyle(("silver", "black", "body"), "metal")},
            weight=0.8,
        ),
        Kind("wooden spoon", tools.ladle, colours=TIMBER, materials=("wooden",), weight=0.8),
        Kind(
            "pen",
            tools.pen,
            parts={"tip": STEEL, "cap": PartStyle(("body", "body", "black", "silver", "white"))},
            weight=1.2,
        ),
        Kind(
            "pencil",
            tools.pencil,
            materials=("wooden paint",),
            parts={
                "wood": PartStyle(("pale wood",), "plain", False),
                "lead": PartStyle(("dark grey",), "plain", False),
                "ferrule": STEEL,
                "eraser": PartStyle(("pink", "white"), "plain"),
            },
            weight=0.8,
        ),
        Kind(
            "marker",
            tools.marker,
            parts={"barrel": PartStyle(("white", "body", "black", "body"), named=False)},
            weight=1.0,
        ),
        Kind(
            "paintbrush",
            tools.brush,
            materials=("wooden paint", "plastic", "wooden"),
            parts={"ferrule": STEEL, "bristles": PartStyle(("bristle", "black", "white"), "plain")},
            weight=0.8,
        ),
        Kind(
            "toothbrush",
            tools.toothbrush,
            parts={"bristles": PartStyle(("white", "other"), "plain")},
            weight=0.8,
        ),
        Kind("screwdriver", tools.screwdriver, parts={"shaft": STEEL}, weight=1.5),
        Kind(
            "hammer",
            tools.hammer,
            colours=("brown", "pale wood", "red", "black", "yellow", "blue", "orange", "green"),
            materials=("rubber", "wooden"),
            parts={"head": PartStyle(("dark grey", "silver"), "metal")},
            weight=1.3,
        ),
        Kind(
            "wrench",
            tools.wrench,
            colours=("silver", "silver", "dark grey", "red", "blue"),
            materials=("metal",),
            weight=1.1,
        ),
        Kind(
            "pliers",
            tools.pliers,
            materials=("rubber",),
            parts={"jaws": PartStyle(("silver", "dark grey"), "metal", False)},
            weight=1.0,
        ),
        Kind("scissors", tools.scissors, parts={"blades": STEEL}, weight=1.3),
        Kind(
            "key",
            tools.key,
            colours=("silver", "gold", "copper", "silver"),
            materials=("metal",),
            weight=0.7,
        ),
        Kind(
            "bolt",
            tools.bolt,
            colours=("silver", "gold", "dark grey"),
            materials=("metal",),
            weight=0.7,
        ),
        Kind(
            "nut",
            tools.nut,
            colours=("silver", "gold", "dark grey"),
            materials=("metal",),
            weight=0.6,
        ),
        Kind(
            "tape",
            tools.tape,
            parts={"core": PartStyle(("cardboard", "white", "black"), "paper", False)},
            weight=1.2,
        ),
        Kind(
            "flashlight",
            tools.flashlight,
            materials=("plastic", "metal"),
            parts={
                "lens": PartStyle(("white",), "glass face", False),
                "button": PartStyle(("red", "black", "white")),
            },
            weight=0.9,
        ),
        Kind(
            "box",
            household.box,
            colours=("cardboard", "cardboard", *PAINTS),
            materials=("cardboard", "cardboard", "plastic", "wooden", "metal"),
            patterned=True,
            parts={"strip": PartStyle(("other", "beige"), "plastic", False)},
            weight=2.8,
            flat=True,
        ),
        Kind(
            "crate",
            household.open_box,
            colours=("cardboard", "brown", "pale wood", "blue", "red", "green", "grey", "black"),
            materials=("wooden", "plastic", "cardboard"),
            weight=0.8,
        ),
        Kind(
            "book",
            household.book,
            materials=("paper",),
            patterned=True,
            parts={
                "spine": PartStyle(("body", "body", "other"), "paper"),
                "pages": PAGES,
                "title": PartStyle(("white", "other", "gold", "black"), "paper", False),
            },
            weight=2.2,
            flat=True,
        ),
        Kind(
            "notebook",
            household.notebook,
            materials=("paper",),
            patterned=True,
            parts={"pages": PAGES, "spiral": STEEL},
            weight=1.0,
            flat=True,
        ),
        Kind(
            "block",
            household.block,
            materials=("wooden paint", "plastic", "wooden", "rubber"),
            weight=2.2,
            flat=True,
        ),
        Kind("toy brick", household.brick, weight=0.9),
        Kind(
            "dice",
            household.dice,
            parts={"pips": PartStyle(("white", "black"), "plastic", False)},
            weight=0.8,
        ),
        Kind(
            "ball",
            household.ball,
            materials=("rubber", "plastic", "rubber"),
            patterned=True,
            weight=2.2,
        ),
        Kind(
            "sponge",
            household.sponge,
            colours=("yellow", "yellow", "pink", "blue", "green", "orange", "light blue"),
            materials=("sponge",),
            parts={"pad": PartStyle(("dark green", "green", "blue", "grey"), "sponge", False)},
            weight=1.2,
        ),
        Kind(
            "candle",
            household.candle,
            materials=("wax",),
            parts={"wick": PartStyle(("black",), "plain", False)},
            weight=1.1,
        ),
        Kind(
            "phone",
            household.phone,
            colours=("black", "white", "silver", "blue", "pink", "red", "gold", "green"),
            parts={"screen": SCREEN, "camera": SCREEN},
            upturned=0.4,
            weight=1.2,
        ),
        Kind(
            "remote",
            household.remote,
            colours=("black", "black", "white", "grey", "dark grey", "blue"),
            parts={
                "buttons": PartStyle(("grey", "white", "black", "other"), named=False),
                "power button": PartStyle(("red", "green"), named=False),
            },
            weight=1.2,
        ),
        Kind(
            "mouse",
            household.mouse,
            colours=("black", "white", "grey", "blue", "red", "pink"),
            parts={"wheel": PartStyle(("dark grey", "other"), named=False)},
            weight=0.9,
        ),
        Kind(
            "calculator",
            household.calculator,
            colours=("black", "grey", "white", "blue", "pink"),
            parts={
                "screen": PartStyle(("lcd",), "glass face", False),
                "keys": PartStyle(("white", "black", "other"), named=False),
            },
            weight=0.8,
        ),
        Kind(
            "clock",
            household.clock,
            materials=("plastic", "metal"),
            parts={
                "face": PartStyle(("white",), "paper", False),
                "hands": PartStyle(("black",), "plain", False),
            },
            weight=1.0,
        ),
        Kind(
            "toy car",
            household.toy_car,
            parts={"windows": SCREEN, "wheels": PartStyle(("black",), "rubber"), "hubs": STEEL},
            weight=1.3,
        ),
        Kind(
            "carton",
            household.carton,
            materials=("paper",),
            patterned=True,
            parts={"roof": PartStyle(("body", "white", "other"), "paper", False), "cap": CAP},
            lying=0.1,
            weight=1.1,
        ),
        Kind(
            "tissue box",
            household.tissue_box,
            materials=("paper",),
            patterned=True,
            parts={
                "slot": PartStyle(("dark grey",), "plain", False),
                "tissue": PartStyle(("white",), "paper", False),
            },
            weight=0.7,
        ),
        Kind(
            "soap",
            household.soap,
            colours=("white", "pink", "light green", "light blue", "yellow", "orange", "purple"),
            materials=("wax",),
            weight=0.8,
        ),
        Kind(
            "spool",
            household.spool,
            materials=("thread",),
            parts={"reel": PartStyle(("pale wood", "white", "black"), "plain", False)},
            weight=0.7,
        ),
        Kind(
            "light bulb",
            household.light_bulb,
            colours=("white", "white", "yellow"),
            materials=("glossy",),
            parts={"base": STEEL},
            weight=0.6,
        ),
        Kind(
            "cylinder",
            household.cylinder_block,
            materials=("wooden paint", "plastic", "wooden", "metal"),
            lying=0.25,
            weight=1.0,
        ),
        Kind("cone", household.cone, materials=("wooden paint", "plastic"), weight=0.7),
        Kind("pyramid", household.pyramid, materials=("wooden paint", "plastic"), weight=0.6),
        Kind("ring", household.ring_toy, materials=("plastic", "metal", "rubber"), weight=0.7),
        Kind("star", household.star, materials=("plastic", "wooden paint"), weight=0.6),
    )
}


@cache
def shape_of(kind: str, variant: int) -> Shape:
    """The shape of one of the `VARIANTS` of a kind, at its natural size."""
    seed = [zlib.crc32(kind.encode()), variant]
    return KINDS[kind].build(np.random.default_rng(seed))
