"""Saying how far one is with what takes long to go through."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vlm_ros.engines.onnx_session import Feeds, SampleInputs


class Watched:
    """Sample inputs that tell which of them is being looked at."""

    def __init__(self, samples: SampleInputs, tell: Callable[[str], None]) -> None:
        self._samples = samples
        self._tell = tell

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[Feeds]:
        for number, sample in enumerate(self._samples, 1):
            self._tell(f"looking at picture {number} of {len(self)}")
            yield sample
