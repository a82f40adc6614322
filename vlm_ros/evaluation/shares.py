"""How many of how many, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# The 97.5 % point of the normal distribution, for an interval of 95 %.
_Z = 1.959964


@dataclass(frozen=True)
class Share:
    """A number of cases out of all.

    Attributes:
        right: cases that came out as asked.
        of: all cases.
    """

    right: int
    of: int

    @classmethod
    def among(cls, outcomes: Iterable[bool]) -> Share:
        """The share of the true ones."""
        counted = list(outcomes)
        return cls(sum(counted), len(counted))

    @property
    def value(self) -> float | None:
        """In 0..1; None of no cases at all."""
        return self.right / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % score interval (Wilson 1927), in 0..1; (0, 1) of no cases at all."""
        if not self.of:
            return 0.0, 1.0
        share, weight = self.right / self.of, _Z * _Z / self.of
        middle = (share + weight / 2) / (1 + weight)
        reach = math.sqrt(weight * (share * (1 - share) + weight / 4)) / (1 + weight)
        return max(middle - reach, 0.0), min(middle + reach, 1.0)
