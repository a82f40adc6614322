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
from torch.nn.functional import normalize
from torch.utils.data import DataLoader
from tqdm import tqdm

from vlm_ros.coco import COCO_NAMES
from vlm_ros.errors import VlmRosError
from vlm_ros.training.annotations import Picture
from vlm_ros.training.data import Batch, MixedSampler, PictureDataset, collate
from vlm_ros.training.losses import (
    box_loss,
    match_regions,
    matching_loss,
    memory_loss,
    objectness_loss,
)
from vlm_ros.training.network import GroundingModel
from vlm_ros.training.phrases import (
    LabelledObject,
    PhraseWriter,
    background_table,
    load_vocabulary,
    truth_table,
)
from vlm_ros.training.sentences import encode
from vlm_ros.training.start import start_from


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
    photographs_heard: float
    mosaics: float
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


# What the class directions of the network are asked about, beside the objects of a batch.
CLASS_THINGS = tuple(LabelledObject(name, {}, complete=False) for name in COCO_NAMES)
CLASSES_PER_BATCH = 8


class PhrasePool:
    """Phrases written ahead with their sentence embeddings, so that a batch only looks them up."""

    def __init__(self, pictures: Sequence[Picture], config: TrainingConfig, cache: Path) -> None:
        things = [thing for picture in pictures for thing in picture.things]
        things.extend(CLASS_THINGS)
        self.words = load_vocabulary().for_pictures(things)
        self._writer = PhraseWriter(self.words, {t.name for t in things})
        rng = np.random.default_rng(config.seed)
        texts = sorted({m.text for m in self._writer.sample(things, config.phrase_pool, rng)})
        self._rows = {text: row for row, text in enumerate(texts)}
        self._embeddings = torch.from_numpy(encode(texts, cache))

    def ask(
        self, batch: Batch, count: int, rng: np.random.Generator
    ) -> tuple[Tensor, NDArray[np.int8]]:
        """Phrases for a batch.

        Args:
            batch: its objects are asked about, and a few of COCO's classes.
            count: about how many.
            rng: draws them.

        Returns:
            Sentence embeddings (P, 384) and the truth (things + B + 80, P) of every phrase said of
            the batch's objects, in order, of what carries no label in each of its pictures, and of
            COCO's classes.
        """
        things = list(itertools.chain.from_iterable(batch.things))
        classes = [CLASS_THINGS[i] for i in rng.choice(len(CLASS_THINGS), CLASSES_PER_BATCH)]
        asked = self._writer.sample([*things, *classes], count, rng)
        meanings = [m for m in asked if m.text in self._rows]
        rows = [self._rows[m.text] for m in meanings]
        closed = [
            None if all_of_it else kinds
            for all_of_it, kinds in zip(batch.exhaustive.tolist(), batch.closed, strict=True)
        ]
        said = truth_table(meanings, things, self.words)
        of_rest = background_table(meanings, closed)
        of_classes = truth_table(meanings, CLASS_THINGS, self.words)
        return self._embeddings[rows], np.concatenate([said, of_rest, of_classes])


def train(
    config: TrainingConfig,
    folders: Sequence[Sequence[Picture]],
    photographs: Sequence[Picture],
    start: Path,
    out: Path,
) -> Path:
    """Trains, going on from the checkpoint in `out` where there is one.

    Args:
        config: what to do.
        folders: rendered pictures, folder by folder; each folder is drawn as often as another,
            whatever its size.
        photographs: real ones, drawn with `config.photograph_share`.
        start: the ONNX file of YOLOX-Nano, or a model folder to fine-tune.
        out: folder for the checkpoint and the log.

    Returns:
        The checkpoint, out/checkpoint.pt.

    Raises:
        ModelError: `start` cannot be used.
    """
    out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    model = GroundingModel()
    start_from(model, start)
    model.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval().requires_grad_(False)
    optimiser = _optimiser(model, config)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _rate(config))
    checkpoint = out / "checkpoint.pt"
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        done = state["step"]

    everything = [*itertools.chain.from_iterable(folders), *photographs]
    pool = PhrasePool(everything, config, out)
    loader = _loader(config, folders, photographs, done)
    log = _Log(out / "log.csv")
    progress = tqdm(loader, total=config.steps, initial=done, unit="step", smoothing=0.05)
    for step, batch in enumerate(progress, done + 1):
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
    exhaustive = batch.exhaustive.to(device)
    with _mixed_precision(device):
        with torch.no_grad():
            c2, c3 = model.vision.first(images)
        published = model.vision.published(c3)
        dense = model.vision(c2, c3)
    known_rest = exhaustive | torch.tensor([bool(c) for c in batch.closed], device=device)
    regions = match_regions(dense, [boxes.to(device) for boxes in batch.boxes], known_rest)
    losses = {}
    if config.trunk_rate:
        losses["box"] = box_loss(dense, regions)
        losses["objectness"] = objectness_loss(dense, regions, published, exhaustive)
        losses["memory"] = memory_loss(dense, regions, published)
    sentences, verdicts = pool.ask(batch, config.phrases, rng)
    seen, classes = np.split(verdicts, [len(verdicts) - len(CLASS_THINGS)])
    asked = torch.from_numpy(seen).to(device)[regions.thing]
    # Only of rendered pictures every object is labelled.
    real = ~exhaustive[regions.image]
    heard = torch.from_numpy(rng.random(len(real)) < config.photographs_heard).to(device)
    at = (regions.image, regions.point)
    with _mixed_precision(device):
        own = model.vision.own_at(dense, *at)
        embeddings = model.vision.embed(
            own * (heard | ~real)[:, None], published.seen(at, dense.boxes[at].detach())
        )
    directions = normalize(model.vision.class_directions.weight.T, dim=-1)
    logits = model.alignment(torch.cat([embeddings, directions]), model.text(sentences.to(device)))
    asked = torch.cat([asked, torch.from_numpy(classes).to(device)])
    losses["matching"] = matching_loss(logits, asked)
    return losses


def _mixed_precision(device: torch.device) -> torch.autocast:
    """Convolutions in bfloat16 where the device has instructions for it."""
    capable = device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=capable)


def _optimiser(model: GroundingModel, config: TrainingConfig) -> torch.optim.Optimizer:
    vision = model.vision
    new = [
        *vision.branches.parameters(),
        *vision.project.parameters(),
        *vision.class_directions.parameters(),
        *vision.details.parameters(),
        *model.text.parameters(),
    ]
    trunk = [*vision.pyramid.parameters(), *vision.heads.parameters()]
    for fixed in (vision.first, vision.published):
        fixed.requires_grad_(False)
    if not config.trunk_rate:
        for parameter in trunk:
            parameter.requires_grad_(False)
    return torch.optim.AdamW(
        [
            {"params": new, "lr": config.learning_rate},
            {
                "params": [p for p in trunk if p.requires_grad],
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
    config: TrainingConfig,
    folders: Sequence[Sequence[Picture]],
    photographs: Sequence[Picture],
    start: int,
) -> DataLoader[Any]:
    real = config.photograph_share if folders and photographs else float(not folders)
    shares = [((1.0 - real) / len(folders), folder) for folder in folders]
    shares.append((real, photographs))
    weights = np.concatenate([np.full(len(p), share / max(len(p), 1)) for share, p in shares])
    sampler = MixedSampler(weights, config.sizes, config.batch, start, config.steps, config.seed)
    return DataLoader(
        PictureDataset([*itertools.chain.from_iterable(folders), *photographs], config.mosaics),
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
