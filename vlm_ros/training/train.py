"""The training loop: resumable, logged to CSV, whole files or none."""

from __future__ import annotations

import copy
import csv
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from vlm_ros.errors import VlmRosError
from vlm_ros.training.data import Batch, MixedSampler, Picture, PictureDataset, collate
from vlm_ros.training.losses import box_loss, match_regions, matching_loss, objectness_loss
from vlm_ros.training.network import Alignment, RegionNetwork, TextHead
from vlm_ros.training.phrases import FALSE, PhraseWriter, load_vocabulary, truth_table
from vlm_ros.training.sentences import encode
from vlm_ros.training.yolox import load_onnx_weights


@dataclass(frozen=True)
class TrainingConfig:
    """See config/train_tabletop.yaml, which says what each is."""

    seed: int
    steps: int
    batch: int
    sizes: tuple[tuple[int, int], ...]
    phrases: int
    phrase_pool: int
    learning_rate: float
    trunk_rate: float
    weight_decay: float
    warmup: int
    ema: float
    losses: dict[str, float]
    photograph_share: float
    checkpoint_every: int


def read_config(path: Path) -> TrainingConfig:
    """Reads a training configuration.

    Raises:
        VlmRosError: a key is missing or unknown.
    """
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = {f.name for f in fields(TrainingConfig)}
    if wrong := known ^ set(data):
        raise VlmRosError(f"{path}: missing or unknown key: {', '.join(sorted(wrong))}.")
    data["sizes"] = tuple((int(h), int(w)) for h, w in data["sizes"])
    return TrainingConfig(**data)


class GroundingModel(nn.Module):
    """Everything that is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.vision = RegionNetwork()
        self.text = TextHead()
        self.alignment = Alignment()


class PhrasePool:
    """Phrases written ahead with their sentence embeddings, so that a batch only looks them up."""

    def __init__(self, pictures: Sequence[Picture], config: TrainingConfig, cache: Path) -> None:
        things = [thing for picture in pictures for thing in picture.things]
        self.words = load_vocabulary()
        self._writer = PhraseWriter(self.words, {t.name for t in things})
        rng = np.random.default_rng(config.seed)
        texts = sorted({m.text for m in self._writer.sample(things, config.phrase_pool, rng)})
        self._rows = {text: row for row, text in enumerate(texts)}
        self._embeddings = torch.from_numpy(encode(texts, cache))

    def ask(
        self, batch: Batch, count: int, rng: np.random.Generator
    ) -> tuple[Tensor, NDArray[np.int8]]:
        """Sentence embeddings (P, 384) of phrases for a batch, and their truth (things, P)."""
        things = list(itertools.chain.from_iterable(batch.things))
        meanings = [m for m in self._writer.sample(things, count, rng) if m.text in self._rows]
        rows = [self._rows[m.text] for m in meanings]
        return self._embeddings[rows], truth_table(meanings, things, self.words)


def train(
    config: TrainingConfig,
    pictures: Sequence[Picture],
    photographs: Sequence[Picture],
    yolox: Path,
    out: Path,
) -> Path:
    """Trains, going on from the checkpoint in `out` where there is one.

    Args:
        config: what to do.
        pictures: rendered ones.
        photographs: real ones, drawn with `config.photograph_share`.
        yolox: the ONNX file of YOLOX-Nano to start from.
        out: folder for the checkpoint and the log.

    Returns:
        The checkpoint, out/checkpoint.pt.
    """
    out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    model = GroundingModel()
    load_onnx_weights(model.vision.yolox, yolox)
    model.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval().requires_grad_(False)
    optimiser = _optimiser(model, config)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _rate(config))
    checkpoint = out / "checkpoint.pt"
    start = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        start = state["step"]

    everything = [*pictures, *photographs]
    pool = PhrasePool(everything, config, out)
    loader = _loader(config, len(pictures), everything, start)
    log = _Log(out / "log.csv")
    progress = tqdm(loader, total=config.steps, initial=start, unit="step", smoothing=0.05)
    for step, batch in enumerate(progress, start + 1):
        rng = np.random.default_rng((config.seed, step, 1))
        losses = _losses(model, batch, pool, config, rng, device)
        total = sum(config.losses[name] * loss for name, loss in losses.items())
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        _follow(average, model, min(config.ema, step / (step + 10)))
        log.add(step, {name: float(loss.detach()) for name, loss in losses.items()})
        if step % config.checkpoint_every == 0 or step == config.steps:
            progress.set_postfix_str(log.flush())
            _save(
                checkpoint,
                {
                    "model": model.state_dict(),
                    "average": average.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "step": step,
                },
            )
    return checkpoint


def _losses(
    model: GroundingModel,
    batch: Batch,
    pool: PhrasePool,
    config: TrainingConfig,
    rng: np.random.Generator,
    device: torch.device,
) -> dict[str, Tensor]:
    images = batch.images.to(device).float().contiguous(memory_format=torch.channels_last)
    dense = model.vision(images)
    regions = match_regions(dense, [boxes.to(device) for boxes in batch.boxes])
    losses = {
        "box": box_loss(dense, regions),
        "objectness": objectness_loss(dense, regions),
    }
    sentences, verdicts = pool.ask(batch, config.phrases, rng)
    table = np.concatenate([verdicts, np.full((1, verdicts.shape[1]), FALSE, np.int8)])
    # Background regions carry the index -1, the last row: false of every phrase.
    asked = torch.from_numpy(table).to(device)[regions.thing]
    embeddings = dense.embeddings[regions.image, regions.point]
    logits = model.alignment(embeddings, model.text(sentences.to(device)))
    losses["matching"] = matching_loss(logits, asked)
    return losses


def _optimiser(model: GroundingModel, config: TrainingConfig) -> torch.optim.Optimizer:
    new = [*model.vision.branches.parameters(), *model.text.parameters()]
    return torch.optim.AdamW(
        [
            {"params": new, "lr": config.learning_rate},
            {
                "params": model.vision.yolox.parameters(),
                "lr": config.learning_rate * config.trunk_rate,
            },
            {
                "params": model.alignment.parameters(),
                "lr": config.learning_rate,
                "weight_decay": 0.0,
            },
        ],
        weight_decay=config.weight_decay,
    )


def _rate(config: TrainingConfig) -> Any:
    def rate(step: int) -> float:
        warm = min(1.0, (step + 1) / config.warmup)
        return float(warm * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * step / config.steps))))

    return rate


def _loader(
    config: TrainingConfig, rendered: int, pictures: Sequence[Picture], start: int
) -> DataLoader[Any]:
    photographs = len(pictures) - rendered
    weights = np.full(len(pictures), 1.0 / max(rendered, 1))
    if photographs:
        weights[:rendered] *= 1.0 - config.photograph_share
        weights[rendered:] = config.photograph_share / photographs
    sampler = MixedSampler(weights, config.sizes, config.batch, start, config.steps, config.seed)
    return DataLoader(
        PictureDataset(pictures),
        batch_sampler=sampler,
        collate_fn=collate,
        num_workers=1 if not torch.cuda.is_available() else 12,
        prefetch_factor=4,
    )


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    for mean, value in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(value, 1.0 - decay)


def _save(path: Path, state: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


class _Log:
    """Means of the losses between checkpoints, one CSV line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[dict[str, float]] = []
        self._step = 0

    def add(self, step: int, losses: dict[str, float]) -> None:
        self._step = step
        self._rows.append(losses)

    def flush(self) -> str:
        names = list(self._rows[0])
        means = {n: float(np.mean([row[n] for row in self._rows])) for n in names}
        new = not self._path.exists()
        with self._path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", *names])
            writer.writerow([self._step, *(f"{means[n]:.5f}" for n in names)])
        self._rows.clear()
        return " ".join(f"{n} {v:.3f}" for n, v in means.items())
