"""What surfaces are made of, and how that looks under a light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vlm_ros.simulation.colours import Rgb


@dataclass(frozen=True)
class Material:
    """How a material reflects light.

    Attributes:
        spoken: what people call it; "" where it cannot be told by looking.
        specular: strength of highlights, 0..1.
        shininess: sharpness of highlights, 0..1.
        opacity: 0..1.
        texture: painter of `textures` for its bare surface.
    """

    spoken: str
    specular: float
    shininess: float
    opacity: float = 1.0
    texture: str = "plain"


MATERIALS: dict[str, Material] = {
    "plastic": Material("plastic", 0.4, 0.5),
    "metal": Material("metal", 0.9, 0.75, texture="brushed"),
    "wooden": Material("wooden", 0.12, 0.2, texture="wood"),
    "wooden paint": Material("", 0.25, 0.35),
    "ceramic": Material("ceramic", 0.6, 0.85),
    "glass": Material("glass", 0.9, 0.9, opacity=0.45),
    "rubber": Material("rubber", 0.08, 0.1),
    "paper": Material("paper", 0.04, 0.1),
    "cardboard": Material("cardboard", 0.03, 0.1, texture="corrugated"),
    "wicker": Material("wicker", 0.05, 0.1, texture="wicker"),
    "natural": Material("", 0.22, 0.35, texture="mottled"),
    "sponge": Material("", 0.0, 0.1, texture="speckle"),
    "wax": Material("", 0.2, 0.25),
    "thread": Material("", 0.05, 0.1, texture="cloth"),
    "glossy": Material("", 0.8, 0.9),
    "glass face": Material("", 0.8, 0.9),
    "plain": Material("", 0.1, 0.2),
    "leather": Material("leather", 0.2, 0.3, texture="leather"),
    "fabric": Material("fabric", 0.0, 0.1, texture="cloth"),
    "plush": Material("fabric", 0.0, 0.1, texture="speckle"),
    "clear plastic": Material("plastic", 0.8, 0.9, opacity=0.4),
    "tinted": Material("", 0.9, 0.9, opacity=0.9),
    "lens": Material("", 0.9, 0.9, opacity=0.2),
    "bottle glass": Material("glass", 0.9, 0.9, opacity=0.93),
    "print": Material("", 0.15, 0.3, texture="lettering"),
    "printed plastic": Material("plastic", 0.3, 0.4, texture="lettering"),
    "printed paper": Material("paper", 0.1, 0.2, texture="lettering"),
    "packaged film": Material("", 0.45, 0.5, texture="packaging"),
    "packaged board": Material("", 0.12, 0.25, texture="packaging"),
    "packaged metal": Material("metal", 0.7, 0.7, texture="packaging"),
    "filled plastic": Material("plastic", 0.9, 0.9, opacity=0.94),
    "circuit": Material("", 0.3, 0.5, texture="circuit"),
    "bark": Material("", 0.05, 0.1, texture="mottled"),
    # Scans carry some of their highlights in the texture already.
    "plastic scan": Material("plastic", 0.25, 0.5),
    "metal scan": Material("metal", 0.45, 0.6),
    "natural scan": Material("", 0.12, 0.35),
}


@dataclass(frozen=True)
class Repaint:
    """Another colour for a photographed surface, which keeps its light and shade.

    Attributes:
        source: name of the colour that is replaced; "" for all of the surface.
        target: the colour instead, RGB in 0..1.
    """

    source: str
    target: Rgb


@dataclass(frozen=True)
class Surface:
    """A painted surface.

    Attributes:
        texture: painter of `textures`.
        colour: main colour, RGB in 0..1.
        second: the texture's other colour, RGB in 0..1.
        seed: of the texture's randomness.
        photograph: a picture shown instead of the texture.
        repaint: another colour for the photograph.
    """

    texture: str
    colour: Rgb
    second: Rgb = (0.0, 0.0, 0.0)
    seed: int = 0
    photograph: Path | None = None
    repaint: Repaint | None = None

    @property
    def plain(self) -> bool:
        """Whether it is of one colour all over."""
        return self.texture == "plain" and self.photograph is None


@dataclass(frozen=True)
class Finish:
    """A surface and the material under it.

    Attributes:
        surface: what is painted on it.
        specular: 0..1.
        shininess: 0..1.
        opacity: 0..1.
    """

    surface: Surface
    specular: float
    shininess: float
    opacity: float = 1.0


def finish(material: str, surface: Surface) -> Finish:
    """A surface on a material of `MATERIALS`."""
    kind = MATERIALS[material]
    return Finish(surface, kind.specular, kind.shininess, kind.opacity)
