"""The zero-shot-object-detection path of transformers, to be measured against."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ModelError, RuntimeUnavailableError
from vlm_ros.evaluation.frame_timing import phrases
from vlm_ros.evaluation.racing import Contender
from vlm_ros.stages import stage

NAME = "transformers"


class TransformersPath:
    """Processor, model and post-processing of a checkpoint, as its users call them."""

    def __init__(self, checkpoint: Path, template: str, threads: int) -> None:
        """Loads the checkpoint.

        Args:
            checkpoint: a folder as transformers saves it.
            template: how a phrase is put to the model.
            threads: of torch.

        Raises:
            RuntimeUnavailableError: torch or transformers is not installed.
            ModelError: the checkpoint cannot be loaded.
        """
        try:
            import torch
            import transformers
        except ImportError as error:
            raise RuntimeUnavailableError(
                f"{error.name} is not installed, so there is no path of transformers to measure "
                "against; install the extra 'export' with \"pip install '.[export]'\"."
            ) from error
        torch.set_num_threads(threads)
        self._torch: Any = torch
        self._template = template
        with _quiet(transformers):
            try:
                self._processor: Any = transformers.AutoProcessor.from_pretrained(
                    checkpoint, local_files_only=True
                )
                self._model: Any = transformers.AutoModelForZeroShotObjectDetection.from_pretrained(
                    checkpoint, local_files_only=True
                ).eval()
            except Exception as error:  # transformers raises whatever it met
                raise ModelError(
                    f"The checkpoint {checkpoint} cannot be loaded by transformers: {error}"
                ) from error
        self._finish: Callable[..., Any] = self._processor.post_process_grounded_object_detection
        self._wants_ids = "input_ids" in inspect.signature(self._finish).parameters
        self.facts = {
            "model": checkpoint.resolve().name,
            "runtime": f"{NAME} {transformers.__version__} (torch {torch.__version__})",
            "precision": "fp32",
            "threads": threads,
        }

    def __call__(self, image: NDArray[Any], asked: Sequence[str]) -> Any:
        """What it detects of phrases in an image (H, W, 3) uint8 RGB."""
        texts = [[self._template.format(phrase) for phrase in asked]]
        with self._torch.inference_mode():
            with stage("preprocess"):
                inputs = self._processor(images=image, text=texts, return_tensors="pt")
            with stage("model"):
                outputs = self._model(**inputs)
            with stage("postprocess"):
                ids = {"input_ids": inputs.input_ids} if self._wants_ids else {}
                return self._finish(outputs, **ids, target_sizes=[image.shape[:2]])[0]


def contenders(
    path: TransformersPath, image: NDArray[np.uint8], numbers: Sequence[int]
) -> Iterator[Contender]:
    """The same phrases in the same picture as `frame_timing.contenders` looks for."""
    for number in numbers:
        yield _looking_for(path, image, number)


def _looking_for(path: TransformersPath, image: NDArray[np.uint8], number: int) -> Contender:
    asked = phrases(number)
    facts = {**path.facts, "work": "phrases", "phrases": number}
    return Contender(facts, lambda: path(image, asked))


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Keeps progress bars and advice from the terminal."""
    logging = transformers.logging
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
