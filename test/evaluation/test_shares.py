"""Shares and how sure they are."""

from __future__ import annotations

import pytest

from vlm_ros.evaluation.shares import Share


# Limits from the tables of Newcombe 1998 (method 3) and by hand.
@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval(right: int, of: int, low: float, high: float) -> None:
    assert Share(right, of).interval == pytest.approx((low, high), abs=1e-4)


def test_no_cases_have_no_share() -> None:
    nothing = Share.among([])
    assert nothing.value is None
    assert nothing.interval == (0.0, 1.0)


def test_share_among() -> None:
    assert Share.among([True, False, True, True]).value == 0.75
