"""Elements of SDF."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from numpy.typing import ArrayLike

from vlm_ros.gazebo.highlights import phong_exponent, roughness
from vlm_ros.gazebo.poses import numbers, pose_text
from vlm_ros.gazebo.render_engine import RenderEngine
from vlm_ros.simulation.finishes import Finish
from vlm_ros.simulation.scene import Pose
from vlm_ros.simulation.shapes import Proxy
from vlm_ros.simulation.tabletop import Inertia

HERE = Pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))

_FRICTION = 0.8


def add(parent: Element, name: str, text: str | bool | ArrayLike) -> Element:
    """Adds an element with a text, a truth value or one or more numbers in it."""
    element = SubElement(parent, name)
    if isinstance(text, bool):
        element.text = "true" if text else "false"
    else:
        element.text = text if isinstance(text, str) else numbers(text)
    return element


def add_fixed_link(world: Element, name: str, pose: Pose = HERE) -> Element:
    """Adds a model that physics leaves where it is; its only link."""
    model = SubElement(world, "model", name=name)
    add(model, "static", True)
    add(model, "pose", pose_text(pose))
    return SubElement(model, "link", name="link")


def add_visual(link: Element, name: str) -> tuple[Element, Element]:
    """Adds something to look at; the visual and its geometry."""
    visual = SubElement(link, "visual", name=name)
    return visual, SubElement(visual, "geometry")


def add_box(geometry: Element, size: ArrayLike) -> None:
    """Makes a geometry a box of this extent, metres."""
    add(SubElement(geometry, "box"), "size", size)


def add_colour(visual: Element, finish: Finish, engine: RenderEngine) -> None:
    """Gives a visual the look of a surface that is not painted."""
    material = SubElement(visual, "material")
    colour = (*engine.colour(finish.surface.colour), 1)
    add(material, "ambient", colour)
    add(material, "diffuse", colour)
    add(material, "specular", (*[finish.specular] * 3, 1))
    add(material, "shininess", phong_exponent(finish))
    metal = SubElement(SubElement(material, "pbr"), "metal")
    add(metal, "roughness", roughness(finish))
    # Metals mirror their surroundings, and there is little to be seen here.
    add(metal, "metalness", 0)


def add_inertia(link: Element, inertia: Inertia) -> None:
    """Gives a link a mass."""
    inertial = SubElement(link, "inertial")
    add(inertial, "pose", pose_text(inertia.pose))
    add(inertial, "mass", inertia.mass)
    tensor = SubElement(inertial, "inertia")
    for axis, moment in zip("xyz", inertia.moments, strict=True):
        # Of small things they are too small for seven decimals.
        add(tensor, f"i{axis}{axis}", f"{moment:.6g}")
    for axes in ("xy", "xz", "yz"):
        add(tensor, f"i{axes}", 0)


def add_collision(link: Element, name: str, proxy: Proxy, scale: float) -> None:
    """Adds a convex body to collide with.

    Args:
        link: that it belongs to.
        name: unique in the link.
        proxy: anything but a hull.
        scale: factor on its natural size.
    """
    collision = SubElement(link, "collision", name=name)
    x, y, z = (scale * part for part in proxy.position)
    add(collision, "pose", pose_text(Pose((x, y, z), proxy.quaternion)))
    _add_form(SubElement(collision, "geometry"), proxy.form, [scale * part for part in proxy.size])
    friction = SubElement(SubElement(SubElement(collision, "surface"), "friction"), "ode")
    add(friction, "mu", _FRICTION)
    add(friction, "mu2", _FRICTION)


def _add_form(geometry: Element, form: str, size: list[float]) -> None:
    if form == "box":
        add_box(geometry, [2 * half for half in size])
        return
    element = SubElement(geometry, form)
    if form == "ellipsoid":
        add(element, "radii", size)
        return
    add(element, "radius", size[0])
    if form != "sphere":
        add(element, "length", 2 * size[1])
