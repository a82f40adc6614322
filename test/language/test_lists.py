"""Several things, and several steps, with no word between them."""

from __future__ import annotations

import pytest

from vlm_ros.language import parse_command


def _same(said: str, meant: str) -> None:
    assert parse_command(said).steps == parse_command(meant).steps


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("bring me the cup the plate and the fork", "bring me the cup and the plate and the fork"),
        ("the cup the plate and the fork", "the cup and the plate and the fork"),
        ("take the cup the plate", "take the cup and the plate"),
        ("take the cup, the plate", "take the cup and the plate"),
        ("take the red cup the blue bowl and the green bottle",
         "take the red cup and the blue bowl and the green bottle"),
        ("bring me my glasses my book", "bring me my glasses and my book"),
        ("give me a fork a knife and a spoon", "give me a fork and a knife and a spoon"),
        ("the cup on the table the plate on the shelf",
         "the cup on the table and the plate on the shelf"),
        ("grab my phone my keys and my wallet", "grab my phone and my keys and my wallet"),
        ("put the red block the blue block in the box",
         "put the red block and the blue block in the box"),
        ("a fork, a knife, a spoon", "a fork and a knife and a spoon"),
        ("take two cups three forks and a plate", "take two cups and three forks and a plate"),
    ],
)  # fmt: skip
def test_an_article_begins_another_thing(said: str, meant: str) -> None:
    _same(said, meant)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("grab red cup blue bowl and green bottle",
         "grab red cup and blue bowl and green bottle"),
        ("red cup blue bowl green bottle", "red cup and blue bowl and green bottle"),
        ("the red cup blue bowl and green bottle", "the red cup and blue bowl and green bottle"),
        ("small cup big bowl", "small cup and big bowl"),
        ("take small fork large spoon and white plate",
         "take small fork and large spoon and white plate"),
        ("get red coffee mug white paper towel roll",
         "get red coffee mug and white paper towel roll"),
        ("point at black pen red marker", "point at black pen and red marker"),
        ("find red cup blue cup green cup", "find red cup and blue cup and green cup"),
        ("put red block blue block in box", "put red block and blue block in box"),
        ("grab cup blue bowl", "grab cup and blue bowl"),
    ],
)  # fmt: skip
def test_an_attribute_behind_a_noun_begins_another_thing(said: str, meant: str) -> None:
    _same(said, meant)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("bring me the cup, plate and fork", "bring me the cup and plate and fork"),
        ("bring me cup, plate, fork", "bring me cup and plate and fork"),
        ("red cup, blue bowl and green bottle", "red cup and blue bowl and green bottle"),
        ("grab the red cup, blue bowl, and green bottle",
         "grab the red cup and blue bowl and green bottle"),
        ("knife, fork, spoon", "knife and fork and spoon"),
        ("take the water bottle, paper towel roll and scissors",
         "take the water bottle and paper towel roll and scissors"),
    ],
)  # fmt: skip
def test_a_comma_parts_things(said: str, meant: str) -> None:
    _same(said, meant)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("take cup put on table", "take the cup and put it on the table"),
        ("grab bottle place in box", "grab the bottle and place it in the box"),
        ("get knife give me", "get the knife and give it to me"),
        ("get knife give to me", "get the knife and give it to me"),
        ("take red cup put in blue bowl", "take the red cup and put it in the blue bowl"),
        ("pick up ball drop in bucket", "pick up the ball and drop it in the bucket"),
        ("pick up ball drop into bucket", "pick up the ball and drop it into the bucket"),
        ("take red one put in box", "take the red one and put it in the box"),
        ("take coffee mug put next to plate", "take the coffee mug and put it next to the plate"),
        ("take the cup place in the bowl", "take the cup and place it in the bowl"),
        ("take cup on tray put in box", "take the cup on the tray and put it in the box"),
        ("take cup, put on table", "take the cup and put it on the table"),
        ("take cup then put on table", "take the cup and put it on the table"),
        ("take cup and put on table", "take the cup and put it on the table"),
        ("find trash throw away", "find the trash and throw it away"),
        ("find ball pick up", "find the ball and pick it up"),
        ("find ball bring here", "find the ball and bring it here"),
        ("find cup push plate", "find the cup and push the plate"),
        ("take glass put on shelf", "take the glass and put it on the shelf"),
        ("grab knife put in drawer get fork give me",
         "grab the knife and put it in the drawer and get the fork and give it to me"),
        ("grab red cup blue bowl put both in box",
         "grab the red cup and the blue bowl and put both in the box"),
        ("take the cup throw away", "take the cup and throw it away"),
        ("take cup and open", "take the cup and open it"),
        ("open drawer take cup put on table close drawer",
         "open the drawer and take the cup and put it on the table and close the drawer"),
        ("pick up red block place on blue block",
         "pick up the red block and place it on the blue block"),
        ("take bottle pour into cup", "take the bottle and pour it into the cup"),
        ("grab cup bring to me", "grab the cup and bring it to me"),
        ("grab cup bring to table", "grab the cup and bring it to the table"),
        ("get cup from the shelf put in the sink",
         "get the cup from the shelf and put it in the sink"),
        ("grab sponge wipe table", "grab the sponge and wipe the table"),
        ("take lid off pot put on table", "take the lid off the pot and put it on the table"),
        ("grab the apple and the banana and put in the bowl",
         "grab the apple and the banana and put them in the bowl"),
        ("grab red apple yellow banana put in bowl",
         "grab the red apple and the yellow banana and put them in the bowl"),
        ("locate red ball pick up put in blue bin",
         "locate the red ball and pick it up and put it in the blue bin"),
        ("lift box place down", "lift the box and place it down"),
        ("take cup put left of plate", "take the cup and put it left of the plate"),
    ],
)  # fmt: skip
def test_a_verb_begins_another_step(said: str, meant: str) -> None:
    _same(said, meant)
