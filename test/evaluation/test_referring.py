"""Lines of referring expressions: what is read, and what is named as bad."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from vlm_ros.evaluation.bad_data import LineError
from vlm_ros.evaluation.judging import Question
from vlm_ros.evaluation.referring import ABSENT, PRESENT, read_lines, resolved

WIDTH, HEIGHT = 80, 60
GOOD = {"image": "1.png", "expression": "the left knife", "box": [10, 10, 20, 30]}


def _png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + header + struct.pack(">I", zlib.crc32(header))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "1.png"), np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 and nothing more")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "huge.png").write_bytes(_png_header(100_000, 100_000))
    (tmp_path / "folder.jpg").mkdir()
    return tmp_path


def _read(folder: Path, *lines: object) -> list[Question | LineError]:
    source = folder / "refs.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    source.write_text("\n".join(texts), encoding="utf-8")
    found = resolved(read_lines(source, folder))
    return [line if isinstance(line, LineError) else line[0] for line in found]


def _one(folder: Path, **changes: object) -> Question | LineError:
    (found,) = _read(folder, {**GOOD, **changes})
    return found


def test_a_good_line_with_other_keys(folder: Path) -> None:
    assert _one(folder, annotator="me", box=[10.5, 10, 20, 30]) == Question(
        "1.png", "the left knife", ((10.5, 10.0, 20.0, 30.0),), PRESENT
    )


@pytest.mark.parametrize("expression", ["the cup\n", "the\u00a0cup", "\u676f\u5b50", "the\tcup"])
def test_any_text_is_an_expression(folder: Path, expression: str) -> None:
    found = _one(folder, expression=expression)
    assert isinstance(found, Question) and found.expression == expression


def test_null_is_a_thing_that_is_not_there(folder: Path) -> None:
    assert _one(folder, box=None) == Question("1.png", "the left knife", (), ABSENT)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": "missing.png"}, "missing.png does not exist"),
        ({"image": "broken.jpg"}, "broken.jpg cannot be read"),
        ({"image": "empty.jpg"}, "empty.jpg cannot be read"),
        ({"image": "huge.png"}, "huge.png cannot be read as a picture"),
        ({"image": "folder.jpg"}, "folder.jpg does not exist"),
        ({"image": ""}, '"image" is empty'),
        ({"image": 7}, '"image" is 7, not a text'),
        ({"image": "nul\0byte.png"}, "byte.png"),
        ({"expression": ""}, '"expression" is empty'),
        ({"expression": "  \t"}, '"expression" is empty'),
        ({"expression": None}, '"expression" is null, not a text'),
        ({"expression": ["the", "cup"]}, "not a text"),
        ({"expression": "the \ud83d cup"}, "no text"),
        ({"box": [10**400, 10, 20, 30]}, "not four numbers"),
        ({"box": [10, 10, 20]}, "not four numbers"),
        ({"box": [10, 10, 20, 30, 40]}, "not four numbers"),
        ({"box": [10, 10, 20, "30"]}, "not four numbers"),
        ({"box": [10, 10, 20, True]}, "not four numbers"),
        ({"box": [10, 10, float("nan"), 30]}, "not four numbers"),
        ({"box": [10, 10, float("inf"), 30]}, "not four numbers"),
        ({"box": {"x1": 10}}, "not four numbers"),
        ({"box": [20, 10, 10, 30]}, "right edge left of its left one"),
        ({"box": [10, 30, 20, 10]}, "lower above its upper"),
        ({"box": [10, 10, 10, 30]}, "right edge left of"),
        ({"box": [10, 10, 90, 30]}, "not within the picture of 80x60 pixels"),
        ({"box": [-9, 10, 20, 30]}, "not within the picture"),
        ({"box": [100, 100, 120, 130]}, "not within the picture"),
        ({"box": [80.1, 10, 80.5, 30]}, "not within the picture"),
    ],
)
def test_bad_lines_are_named(folder: Path, changes: dict[str, object], said: str) -> None:
    found = _one(folder, **changes)
    assert isinstance(found, LineError)
    assert said in str(found)
    assert str(found).startswith(f"{folder / 'refs.jsonl'}, line 1: ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"image": "1.png", "box": null}', '"expression" is missing'),
        ('{"expression": "the cup", "box": null}', '"image" is missing'),
        ('{"image": "1.png", "expression": "the cup"}', '"box" is missing; write null'),
        ('["1.png", "the cup", null]', "write an object"),
    ],
)
def test_bad_json_is_named_and_the_next_line_is_read(folder: Path, line: str, said: str) -> None:
    bad, good = _read(folder, "", line, "   ", GOOD)[:2]
    assert isinstance(bad, LineError) and said in str(bad) and "line 2" in str(bad)
    assert isinstance(good, Question)


def test_bytes_that_are_no_text(folder: Path) -> None:
    source = folder / "refs.jsonl"
    source.write_bytes(b'\xef\xbb\xbf{"image": "1.png", "expression": "\xff", "box": null}\n')
    (found,) = read_lines(source, folder)
    assert isinstance(found, LineError) and "line 1" in str(found)


def test_a_byte_order_mark_is_no_part_of_the_first_line(folder: Path) -> None:
    (found,) = _read(folder, "\ufeff" + json.dumps(GOOD))
    assert isinstance(found, Question)


def test_missing_file(folder: Path) -> None:
    with pytest.raises(LineError, match=r"nowhere\.jsonl cannot be read"):
        read_lines(folder / "nowhere.jsonl", folder)


def test_a_box_a_little_over_the_edge_is_cut(folder: Path) -> None:
    found = _one(folder, box=[-0.4, 10, 80.5, 30])
    assert isinstance(found, Question) and found.boxes == ((0.0, 10.0, 80.0, 30.0),)


def test_a_picture_is_read_once_for_lines_in_a_row(folder: Path) -> None:
    (folder / "2.png").write_bytes((folder / "1.png").read_bytes())
    source = folder / "refs.jsonl"
    rows = [GOOD, GOOD, {**GOOD, "image": "2.png"}, GOOD]
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    images = [line[1] for line in resolved(read_lines(source, folder)) if isinstance(line, tuple)]
    assert images[0] is images[1]
    assert images[1] is not images[2] and images[2] is not images[3]


def _turned(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], orientation: int) -> bytes:
    """A JPEG whose EXIF data say how it is to be turned (EXIF 2.32, tag 0x0112)."""
    _, data = cv2.imencode(".jpg", picture)
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + orientation.to_bytes(2, "big") + b"\x00\x00"
    body = b"Exif\0\0MM\x00\x2a\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
    length = (len(body) + 2).to_bytes(2, "big")
    return bytes(data[:2]) + b"\xff\xe1" + length + body + bytes(data[2:])


def test_boxes_are_in_the_picture_as_shown(folder: Path) -> None:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:20, :20] = 255
    # Shown turned by 90 degrees clockwise: the white corner comes to the top right.
    (folder / "phone.jpg").write_bytes(_turned(picture, 6))
    source = folder / "refs.jsonl"
    row = {"image": "phone.jpg", "expression": "the corner", "box": [40, 0, 60, 20]}
    tall = {**row, "box": [0, 50, 20, 79]}
    source.write_text(f"{json.dumps(row)}\n{json.dumps(tall)}", encoding="utf-8")
    for line in resolved(read_lines(source, folder)):
        assert not isinstance(line, LineError)
        assert line[1].shape == (WIDTH, HEIGHT, 3)
        assert line[1][5:15, 45:55].min() > 200


@pytest.mark.parametrize(
    ("name", "count"), [("coco128_expressions.jsonl", 297), ("table_expressions.jsonl", 378)]
)
def test_a_set_to_compare_with_is_whole_and_none_of_what_was_trained_on(
    name: str, count: int
) -> None:
    docs = Path(__file__).parents[2] / "docs"
    lines = read_lines(docs / name, Path("pictures"))
    trained = [
        Path(image["file_name"]).name.removeprefix("retail_")
        for labels in ("coco128_labels.json", "photograph_labels.json")
        for image in json.loads((docs / labels).read_text(encoding="utf-8"))["images"]
    ]
    asked = [line.question for line in lines if not isinstance(line, LineError)]
    assert len(asked) == len(lines) == count
    assert {q.image for q in asked}.isdisjoint(trained)
    assert len({(q.image, q.expression) for q in asked}) == len(asked)
    for question in asked:
        assert all(x1 < x2 and y1 < y2 for x1, y1, x2, y2 in question.boxes)
