from __future__ import annotations

import pytest

from vlm_ros.language import Correction, parse_command


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("teh red cup", "the red cup"),
        ("the rde cup", "the red cup"),
        ("the gren cup", "the green cup"),
        ("the yellwo cup", "the yellow cup"),
        ("the blu cup", "the blue cup"),
        ("the wodden spoon", "the wooden spoon"),
        ("the larg cup", "the large cup"),
        ("the cup lft of the plate", "the cup left of the plate"),
        ("the cup to the rigth of the plate", "the cup to the right of the plate"),
        ("the cup betwen the plate and the bowl", "the cup between the plate and the bowl"),
        ("the cup undr the plate", "the cup under the plate"),
        ("the cup behnd the plate", "the cup behind the plate"),
        ("the cup nxt to the plate", "the cup next to the plate"),
        ("the cup withot a handle", "the cup without a handle"),
        ("pik up the cup", "pick up the cup"),
        ("brng me the cup", "bring me the cup"),
        ("grap the cup and plce it in the bowl", "grab the cup and place it in the bowl"),
        ("the secnd cup from the left", "the second cup from the left"),
        ("the leftmst cup", "the leftmost cup"),
        ("the bigest cup", "the biggest cup"),
        ("boht cups", "both cups"),
        ("plese pick up the cup", "please pick up the cup"),
        ("the brush in top of the pen", "the brush on top of the pen"),
        ("the cup next too the box", "the cup next to the box"),
        ("the cup infront of the box", "the cup in front of the box"),
        ("the cup nextot the box", "the cup next to the box"),
        ("the cup bedide the laptop", "the cup beside the laptop"),
        ("the blie cup", "the blue cup"),
        ("the whit cup", "the white cup"),
        ("the oragne ball", "the orange ball"),
        ("the bigg cup", "the big cup"),
        ("thre cups", "three cups"),
        ("bananna", "banana"),
        ("the aple", "the apple"),
        ("the candel", "the candle"),
        ("the papper", "the paper"),
        ("the botle opener", "the bottle opener"),
        ("the screwdrver behind teh hamer", "the screwdriver behind the hammer"),
        ("hand me the froks", "hand me the forks"),
        ("the scisors", "the scissors"),
        ("the remot contorl", "the remote control"),
        ("secnd bottle from the left", "second bottle from the left"),
        ("the cup that is secnd from the left", "the cup that is second from the left"),
        ("teh botle nxt 2 the cup", "the bottle next to the cup"),
        ("puut the knif next to the fourk", "put the knife next to the fork"),
    ],
)
def test_a_slip_changes_nothing(text: str, meant: str) -> None:
    assert parse_command(text).steps == parse_command(meant).steps


@pytest.mark.parametrize(
    "noun",
    ["bow", "bread", "pan", "pin", "bed", "block", "glue", "cake", "rake", "lamp", "book", "belt",
     "bag", "rod", "nut", "hat", "mat", "match", "broom", "stove", "flour", "store",
     "shovel", "plane", "stone", "gong", "tank", "truck", "tree", "star", "bin", "pot",
     "slider", "tracker", "compass", "boll", "bowel", "frock", "mole", "lego", "cart", "stool",
     "peach", "pearl", "mop", "map", "mouth", "bottleneck", "knight", "fort", "platter", "clip"],
)  # fmt: skip
def test_a_noun_stays_what_it_is(noun: str) -> None:
    command = parse_command(f"pick up the {noun} next to the red {noun}")
    assert command.corrections == ()
    assert command.steps[0].target.noun == noun


def test_a_quotation_is_not_mended() -> None:
    assert parse_command('the can called "botle"').corrections == ()


def test_corrections_say_where() -> None:
    command = parse_command("pik up teh red cup")
    assert command.corrections == (Correction("pik", "pick", 0), Correction("teh", "the", 7))
    assert command.text == "pik up teh red cup"


def test_no_slip_no_correction() -> None:
    assert parse_command("pick up the red cup").corrections == ()
