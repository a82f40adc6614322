"""What people call things that others have named, with the bundled model's text encoder.

A scene is a row of things, from left to right: `name: attribute, attribute | name | ...`. An answer
is the number of the thing found, several numbers for several found, `?` before the numbers of the
candidates of an ambiguity, or `-` where nothing fits.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from vlm_ros.cli.resolve import resolve_text
from vlm_ros.models import bundled_model, load_text_encoder

FAMILIES: dict[str, list[tuple[str, str, str]]] = {
    "several words": [
        ("coca cola can | red cup", "the can", "0"),
        ("coca cola can | red cup", "the coca cola can", "0"),
        ("coca cola can | red cup", "the coke can", "0"),
        ("coca cola can | spray can", "the soda can", "0"),
        ("black and white pen | red pen", "the black and white pen", "0"),
        ("black and white pen | red pen", "the pen", "?0 1"),
        ("white paper cup | red cup", "the paper cup", "0"),
        ("white paper cup | red cup", "the white cup", "0"),
        ("white paper cup | red paper cup", "the white paper cup", "0"),
        ("coffee mug | plate", "the mug", "0"),
        ("tennis ball | golf ball", "the tennis ball", "0"),
        ("tennis ball | golf ball", "the ball", "?0 1"),
        ("basketball | golf ball", "the golf ball", "1"),
        ("wine glass | drinking glass", "the wine glass", "0"),
        ("wine glass | drinking glass", "the glass", "1"),
        ("wine glass | plate", "the glass", "0"),
        ("trash can | soda can", "the can", "1"),
        ("trash can | soda can", "the trash can", "0"),
        ("can | cup", "the soda can", "0"),
        ("toy car | car key", "the toy car", "0"),
        ("phone case | phone", "the phone", "1"),
        ("phone case | cup", "the phone", "-"),
        ("pencil case | pencil", "the pencil", "1"),
        ("large kitchen knife | fork", "the kitchen knife", "0"),
        ("blue plastic water bottle | glass jar", "the plastic bottle", "0"),
        ("blue plastic water bottle | glass jar", "the water bottle", "0"),
        ("blue plastic water bottle | glass jar", "the jar", "1"),
        ("rubik's cube | dice", "the rubiks cube", "0"),
        ("screw driver | wrench", "the screwdriver", "0"),
        ("alarm clock | watch", "the clock", "0"),
    ],
    "spelling": [
        ("coffee_mug | dinner_plate", "the coffee mug", "0"),
        ("red_cup | blue_cup", "the blue cup", "1"),
        ("Red Cup | BLUE CUP", "the blue cup", "1"),
        ("cup_1 | bowl_2", "the cup", "0"),
        ("cup 1 | bowl 2", "the bowl", "1"),
        ("red-cup | bowl", "the red cup", "0"),
        ("cups | plates", "the cup", "0"),
        ("apple | banana", "the apples", "0"),
        ("Scissors | Stapler", "the scissors", "0"),
        ("scissor | stapler", "the scissors", "0"),
        ("pair of scissors | stapler", "the scissors", "0"),
        ("scissors | stapler", "the pair of scissors", "0"),
        ("cup, red | cup, blue", "the red cup", "0"),
        ("post-it notes | book", "the sticky notes", "0"),
        ("t-shirt | towel", "the shirt", "0"),
        ("knives | forks", "the knife", "0"),
        ("GLASSES | cup", "the glasses", "0"),
        ("bunch of keys | coin", "the keys", "0"),
    ],
    "of": [
        ("box of tissues | shoe box", "the tissue box", "0"),
        ("tissue box | shoe box", "the box of tissues", "0"),
        ("bottle of water | bottle of wine", "the wine bottle", "1"),
        ("water bottle | wine bottle", "the bottle of water", "0"),
        ("roll of tape | stapler", "the tape", "0"),
        ("bar of soap | sponge", "the soap", "0"),
        ("can of tuna | can of coke", "the tuna can", "0"),
        ("bag of chips | bowl", "the chips bag", "0"),
        ("piece of bread | bowl", "the bread", "0"),
        ("stack of books | cup", "the books", "0"),
    ],
    "synonyms": [
        ("mug | plate", "the cup", "0"),
        ("cup | plate", "the mug", "0"),
        ("mug | cup", "the mug", "0"),
        ("mug | cup", "the cup", "1"),
        ("notebook | pen", "the book", "0"),
        ("book | pen", "the notebook", "0"),
        ("remote control | phone", "the remote", "0"),
        ("remote | phone", "the tv remote", "0"),
        ("toothbrush | comb", "the brush", "0"),
        ("hairbrush | comb", "the brush", "0"),
        ("brush | comb", "the toothbrush", "0"),
        ("toothbrush | hairbrush", "the hairbrush", "1"),
        ("toothbrush | hairbrush", "the brush", "?0 1"),
        ("marker | book", "the pen", "0"),
        ("pen | book", "the marker", "0"),
        ("pen | marker", "the marker", "1"),
        ("cell phone | remote", "the phone", "0"),
        ("phone | remote", "the cell phone", "0"),
        ("smartphone | remote", "the mobile phone", "0"),
        ("sunglasses | hat", "the sunglasses", "0"),
        ("spanner | hammer", "the wrench", "0"),
        ("saucepan | plate", "the pot", "0"),
        ("frying pan | pot", "the pan", "0"),
        ("doughnut | cookie", "the donut", "0"),
        ("biscuit | donut", "the cookie", "0"),
        ("flashlight | battery", "the torch", "0"),
        ("carton | jar", "the box", "0"),
        ("tumbler | bowl", "the glass", "0"),
        ("thermos | bowl", "the flask", "0"),
        ("usb stick | key", "the flash drive", "0"),
        ("box cutter | ruler", "the utility knife", "0"),
        ("headphones | charger", "the earphones", "0"),
        ("measuring tape | ruler", "the tape measure", "0"),
        ("dinner plate | bowl", "the dish", "?0 1"),
        ("teddy bear | ball", "the stuffed animal", "0"),
        ("teddy bear | ball", "the bear", "0"),
        ("couch | chair", "the sofa", "0"),
        ("spectacles | watch", "the glasses", "0"),
    ],
    "called after its contents": [
        ("ketchup bottle | mustard bottle", "the ketchup", "0"),
        ("ketchup | mustard", "the mustard bottle", "1"),
        ("milk carton | juice box", "the milk", "0"),
        ("cereal box | tissue box", "the cereal", "0"),
        ("salt shaker | pepper mill", "the salt", "0"),
        ("coca cola can | plate", "the coca cola", "0"),
        ("peanut butter | jam jar", "the peanut butter jar", "0"),
        ("butter knife | plate", "the butter", "-"),
        ("can opener | plate", "the can", "-"),
    ],
    "attributes in the name": [
        ("red cup | blue cup", "the red one", "0"),
        ("wooden spoon | metal spoon", "the metal spoon", "1"),
        ("light blue towel | dark blue towel", "the dark blue towel", "1"),
        ("light blue towel | white towel", "the blue towel", "0"),
        ("striped mug | plain mug", "the striped mug", "0"),
        ("orange | orange plate", "the orange", "0"),
        ("orange | orange plate", "the orange plate", "1"),
        ("glass | glass bottle", "the glass", "0"),
        ("glass | glass bottle", "the glass bottle", "1"),
        ("bottle with a pink cap | bottle with a blue cap", "the bottle with a pink cap", "0"),
        ("bottle with pink cap | bottle with blue cap", "the bottle with the blue lid", "1"),
    ],
    "attributes in other words": [
        ("cup: red | cup: blue", "the crimson cup", "0"),
        ("cup: crimson | cup: blue", "the red cup", "0"),
        ("box: grey | box: black", "the gray box", "0"),
        ("box: gray | box: black", "the grey box", "0"),
        ("spoon: wood | spoon: steel", "the wooden spoon", "0"),
        ("spoon: wood | spoon: steel", "the metal spoon", "1"),
        ("spoon: silver | spoon: wooden", "the metal spoon", "0"),
        ("box: cardboard | box: plastic", "the paper box", "0"),
        ("cup: turquoise | cup: red", "the blue cup", "0"),
        ("cup: turquoise | cup: blue", "the blue cup", "1"),
        ("cup: silver | cup: red", "the grey cup", "0"),
        ("bowl: floral pattern | bowl: white", "the flowery bowl", "0"),
        ("mug: black and white | mug: black", "the black and white mug", "0"),
        ("mug: made of plastic | mug: ceramic", "the plastic mug", "0"),
        ("mug: polka dots | mug: striped", "the spotted mug", "0"),
        ("towel: blue, white, striped | towel: blue", "the striped towel", "0"),
        ("glass: see-through | glass: green", "the transparent glass", "0"),
    ],
    "words the annotator did not use": [
        ("cup: red | plate: white", "the plastic red cup", "0"),
        ("cup: red | cup: blue, plastic", "the plastic red cup", "0"),
        ("cup: red | cup: red, plastic", "the plastic red cup", "1"),
        ("mug: white | plate: white", "the white ceramic coffee mug", "0"),
        ("bottle: green | cup", "the empty green bottle", "0"),
        ("bottle: green | cup", "the old shiny green bottle", "0"),
        ("cup | plate", "the red cup", "0"),
        ("cup | cup: red", "the red cup", "1"),
        ("bottle: green | bottle: blue", "the green bottle with a white cap", "0"),
        ("bottle: green | bottle: green, white cap", "the green bottle with a white cap", "1"),
        ("mug: red | bowl", "the red and white mug", "0"),
        ("ball | cup", "the tennis ball", "0"),
        ("book | pen", "the cookery book", "0"),
        ("pan: black | pot", "the black non-stick pan", "0"),
    ],
    "superordinates": [
        ("banana | hammer", "the fruit", "0"),
        ("banana | apple", "the fruit", "?0 1"),
        ("pliers | mug", "the tool", "0"),
        ("jar | fork", "the container", "0"),
        ("whisk | bowl", "the utensil", "0"),
        ("soda can | plate", "the drink", "0"),
        ("carrot | lemon", "the vegetable", "0"),
        ("teddy bear | fork", "the toy", "0"),
        ("fork | plate", "the cutlery", "0"),
        ("phone | book", "the device", "0"),
        ("cookie | fork", "the food", "0"),
        ("banana", "the thing", "0"),
        ("banana", "the yellow object", "0"),
        ("pen | cup", "the item on the left", "0"),
        ("fruit bowl | banana", "the fruit", "1"),
    ],
    "absent": [
        ("cup: blue | plate: white", "the red cup", "-"),
        ("cup: blue | cup: green", "the red cup", "-"),
        ("fork | spoon", "the knife", "-"),
        ("apple | banana", "the pear", "-"),
        ("cup | plate", "the bottle", "-"),
        ("book | pen", "the laptop", "-"),
        ("golf ball | cup", "the tennis ball", "-"),
        ("spoon: silver | fork: silver", "the wooden spoon", "-"),
        ("bottle: blue cap | cup", "the bottle with a red cap", "-"),
        ("striped towel | cup", "the plain towel", "-"),
        ("stapler | staple", "the hole punch", "-"),
        ("wine bottle | plate", "the wine glass", "-"),
        ("mouse | keyboard", "the charger", "-"),
        ("red cup | blue cup", "the red bowl", "-"),
        ("toothbrush | cup", "the toothpaste", "-"),
        ("shoe | hat", "the sock", "-"),
        ("scissors | tape", "the glue", "-"),
    ],
    "measures and contents": [
        ("roll of masking tape | tape measure", "the tape", "0"),
        ("roll of duct tape | tape measure", "the roll of tape", "0"),
        ("tape roll | measuring tape", "the measuring tape", "1"),
        ("loaf of bread | bar of soap", "the soap", "1"),
        ("orange ball | orange", "the orange ball", "0"),
        ("tube of toothpaste | tube of glue", "the toothpaste", "0"),
        ("can of cola | can of beans | can opener | can of orange soda", "the coke can", "0"),
        ("can of cola | can of beans | can of orange soda", "the soda can", "?0 2"),
        ("can of cola | can of tomato soup | bottle of cola", "the coke bottle", "2"),
        ("carton of milk | jar of jam", "the box of crackers", "-"),
    ],
    "states of one group": [
        ("glass: half full | glass: empty | glass: full", "the broken glass", "-"),
        ("glass: half full | glass: empty | glass: full", "the full glass", "2"),
        ("glass: half full | glass: empty | glass: full", "the half empty glass", "0"),
        ("glass: almost empty | glass: full", "the empty glass", "0"),
        ("box: slightly open | box: closed", "the open box", "0"),
        ("cup: tipped over | cup: upright", "the overturned cup", "0"),
        ("cup: lying | cup: upside down", "the overturned cup", "1"),
        ("cup: lying | cup: upside down", "the cup lying on its side", "0"),
        ("can: lying, empty | can: upright, empty", "the lying can", "0"),
        ("can: empty | can: upright", "the empty upright can", "?0 1"),
    ],
    "parts told apart": [
        (
            "plain white bowl | white bowl with blue rim | brown bowl",
            "the bowl with the blue rim",
            "1",
        ),
        ("plate with gold rim | plate with green rim | plate", "the plate with the gold rim", "0"),
        (
            "plain mug | mug with red stripes | mug: with a blue handle",
            "the mug with a handle",
            "2",
        ),
    ],
}

CASES = [(family, *case) for family, cases in FAMILIES.items() for case in cases]


@cache
def encoder() -> Any:
    return load_text_encoder(bundled_model())


def scene_of(row: str) -> dict[str, Any]:
    objects = []
    for place, thing in enumerate(row.split(" | ")):
        name, _, said = thing.partition(": ")
        attributes = said.split(", ") if said else []
        left = 40 + 150 * place
        box = [left, 200, left + 80, 290]
        objects.append({"name": name, "box": box, "attributes": attributes})
    return {"width": 640, "height": 480, "objects": objects}


@pytest.mark.parametrize(
    ("family", "scene", "text", "expected"), CASES, ids=[f"{c[1]} - {c[2]}" for c in CASES]
)
def test_names(family: str, scene: str, text: str, expected: str) -> None:
    answer = resolve_text(scene_of(scene), text, encoder())
    candidates = sorted(e["index"] for e in answer["evidence"] if e["answer"] == "candidate")
    got = {
        "FOUND": " ".join(map(str, sorted(answer["targets"]))),
        "AMBIGUOUS": f"?{' '.join(map(str, candidates))}",
        "NOT_FOUND": "-",
    }[answer["status"]]
    assert got == expected, (family, answer["reason"])
