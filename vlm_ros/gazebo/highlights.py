"""How a finish reflects, in the numbers of other renderers."""

from __future__ import annotations

from vlm_ros.simulation.finishes import Finish


def phong_exponent(finish: Finish) -> float:
    """Exponent of its highlights; those of OpenGL, which the simulator draws with, end at 128."""
    return 128 * finish.shininess


def roughness(finish: Finish) -> float:
    """Roughness 0..1 for physically based rendering, with highlights of about the same width.

    Karis 2013, "Real shading in Unreal Engine 4": alpha = roughness², and a Blinn-Phong exponent n
    is as wide as alpha² = 2 / (n + 2).
    """
    return float((2 / (phong_exponent(finish) + 2)) ** 0.25)
