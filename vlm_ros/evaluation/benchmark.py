"""One benchmark: models, runtimes and phrase counts, timed in turn, as a record and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vlm_ros.evaluation.cold_start import time_cold_start
from vlm_ros.evaluation.drawn_scene import DrawnScene
from vlm_ros.evaluation.frame_timing import Camera, Timed
from vlm_ros.evaluation.frame_timing import contenders as contenders_of_model
from vlm_ros.evaluation.language_timing import time_nested, time_parsing, time_resolving
from vlm_ros.evaluation.machine import describe_machine, usable_cores
from vlm_ros.evaluation.racing import Contender, Result, race
from vlm_ros.evaluation.transformers_timing import TransformersPath
from vlm_ros.evaluation.transformers_timing import contenders as contenders_of_transformers
from vlm_ros.models import load_model, read_spec

FORMAT = 1
"""Of the record; it changes with its keys."""
_MOST_THREADS = 4  # as many as the runtime takes
# What is no stage of the vision pass itself.
_VISION = "vision"
_TEXTS, _RESOLVED, _NESTED = 2, 5, 5
_REGIONS, _MANY_REGIONS = 100, 300


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        models: model folders.
        runtimes: for each of them.
        numbers: of phrases looked for together.
        rounds: how often each is timed.
        starts: fresh processes for each model and runtime.
        checkpoint: of transformers, with the weights of the models; None without.
    """

    models: Sequence[Path]
    runtimes: Sequence[str]
    numbers: Sequence[int]
    rounds: int
    starts: int
    checkpoint: Path | None


def run_benchmark(plan: Plan, scene: DrawnScene, camera: Camera | None) -> dict[str, Any]:
    """Measures everything.

    Args:
        plan: what.
        scene: the picture that is looked at.
        camera: where there are ROS messages.

    Returns:
        A JSON object: `machine`, `picture`, `runs` (one for each model, runtime and work),
        `starts` (fresh processes), `ratios` (transformers against each of our runs with the same
        phrases), `language`.

    Raises:
        ModelError: a model or the checkpoint cannot be loaded.
        RuntimeUnavailableError: a runtime, or transformers, cannot be used here.
    """
    machine = describe_machine()
    starts = [
        {**_facts(folder, runtime), **asdict(time_cold_start(folder, runtime, plan.starts))}
        for folder in plan.models
        for runtime in plan.runtimes
    ]
    contenders: list[Contender] = []
    for folder in plan.models:
        for runtime in plan.runtimes:
            model = load_model(folder, runtime)
            facts = {**_facts(folder, runtime), "description": model.description}
            contenders += contenders_of_model(Timed(model, facts), scene, plan.numbers, camera)
    theirs = []
    if plan.checkpoint is not None:
        template = read_spec(plan.models[0]).text.template
        path = TransformersPath(plan.checkpoint, template, min(usable_cores(), _MOST_THREADS))
        theirs = list(contenders_of_transformers(path, scene.image, plan.numbers))
    results = race([*contenders, *theirs], plan.rounds)
    ours, against = results[: len(contenders)], results[len(contenders) :]
    height, width = scene.image.shape[:2]
    return {
        "format": FORMAT,
        "machine": machine,
        "picture": {"width": width, "height": height},
        "rounds": plan.rounds,
        "messages": camera is not None,
        "starts": starts,
        "runs": [_run(result) for result in results],
        "ratios": list(ratios(ours, against)),
        "language": _language(),
    }


def ratios(ours: Iterable[Result], theirs: Iterable[Result]) -> Iterable[dict[str, Any]]:
    """How many times longer theirs took than each of ours that looked for as many phrases."""
    by_number = {result.facts["phrases"]: result for result in theirs}
    for mine in ours:
        other = by_number.get(mine.facts["phrases"])
        if other is not None and mine.facts["work"] == "phrases":
            yield {
                "model": mine.facts["model"],
                "runtime": mine.facts["runtime"],
                "precision": mine.facts["precision"],
                "phrases": mine.facts["phrases"],
                "frame": round(other.frame.p50_ms / mine.frame.p50_ms, 2),
                "cpu": round(other.cpu_ms / mine.cpu_ms, 2),
            }


def _facts(folder: Path, runtime: str) -> dict[str, Any]:
    spec = read_spec(folder)
    return {"model": spec.name, "runtime": runtime, "precision": spec.vision.precision}


def _run(result: Result) -> dict[str, Any]:
    around = [times.p50_ms for name, times in result.stages.items() if name != _VISION]
    worked = [took for name, took in result.processor_ms.items() if name != _VISION]
    return {
        **result.facts,
        "stages": {name: asdict(times) for name, times in result.stages.items()},
        "frame": asdict(result.frame),
        "cpu_ms": result.cpu_ms,
        "per_second": result.per_second,
        "around_vision_ms": round(sum(around), 3) if _VISION in result.stages else None,
        "around_vision_cpu_ms": round(sum(worked), 3) if _VISION in result.stages else None,
    }


def _language() -> dict[str, Any]:
    rows = {
        "parse": time_parsing(_TEXTS),
        f"resolve, {_REGIONS} regions, 2 relations": time_resolving(_RESOLVED, _REGIONS),
        f"resolve, {_MANY_REGIONS} regions, 3 nested": time_nested(_NESTED, _MANY_REGIONS),
    }
    return {name: asdict(times) for name, times in rows.items()}


def table(record: Mapping[str, Any]) -> str:
    """The record as a person reads it."""
    machine = record["machine"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['gpu'] or 'no GPU'}; load {machine['load']} at the start",
        ", ".join(f"{name} {version}" for name, version in machine["packages"].items()),
        "",
    ]
    for start in record["starts"]:
        lines.append(
            f"{_label(start)}: {start['first_answer_s']:.2f} s from a fresh process to the first "
            f"answer ({start['cpu_s']:.2f} s of CPU), {start['peak_memory_mb']:.0f} MB at most"
        )
    for run in record["runs"]:
        lines += ["", _headline(run)]
        lines += [_row(name, times) for name, times in run["stages"].items()]
        lines.append(_row("all", run["frame"]))
        if run["around_vision_ms"] is not None:
            lines.append(
                f"  around the vision pass: {run['around_vision_ms']:.2f} ms, "
                f"{run['around_vision_cpu_ms']:.2f} ms of CPU"
            )
    if record["ratios"]:
        lines += ["", "How many times longer transformers takes, and in processor time:"]
    for ratio in record["ratios"]:
        lines.append(
            f"  {_label(ratio)}, {_phrases(ratio['phrases'])}: "
            f"{ratio['frame']:.2f}, {ratio['cpu']:.2f}"
        )
    lines += ["", "Language"]
    lines += [_row(name, times) for name, times in record["language"].items()]
    return "\n".join(lines)


def _label(facts: Mapping[str, Any]) -> str:
    return f"{facts['model']}, {facts['runtime']}, {facts['precision']}"


def _headline(run: Mapping[str, Any]) -> str:
    work = run["work"]
    command = run.get("command")
    said = _phrases(run["phrases"]) if command is None else f"'{command}', with depth"
    if work == "new phrases":
        said = f"{said}, never heard before, once a command"
    return f"{_label(run)}: {said}; {run['per_second']:.1f} a second, {run['cpu_ms']:.1f} ms of CPU"


def _phrases(number: int) -> str:
    return "1 phrase" if number == 1 else f"{number} phrases"


def _row(name: str, times: Mapping[str, Any]) -> str:
    return f"  {name:<36} p50 {times['p50_ms']:8.2f} ms  p95 {times['p95_ms']:8.2f} ms"
