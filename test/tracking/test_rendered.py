"""A command that stands while what it names is hidden: model, depth, grounding and identity."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.geometry.boxes import iou
from vlm_ros.language import parse_command
from vlm_ros.models import find_model, load_model
from vlm_ros.pipeline import Grounder
from vlm_ros.simulation.motion import film, occlusion
from vlm_ros.simulation.scene import generate_scene
from vlm_ros.simulation.tabletop import ObjectTruth, Tabletop
from vlm_ros.tracking import TargetTracker

SEED, THING = 303, "spool"
RATE = 5.0


def test_a_target_is_lost_and_found_again() -> None:
    """A plate is held before the spool for two and a half seconds by an unsteady camera."""
    command, grounder = parse_command(f"the {THING}"), Grounder(load_model(find_model(None)))
    tracker = TargetTracker()
    identities, gaps, errors, frames = set(), [], [], 0
    try:
        with Tabletop(generate_scene(SEED)) as tabletop:
            motion = occlusion(tabletop, np.random.default_rng([SEED, 3]))
            for seconds, frame in film(tabletop, motion, RATE):
                (truth,) = (t for t in frame.objects if t.name == THING)
                camera = frame.intrinsics
                answers = grounder.ground(command, frame.rgb, frame.depth, camera)
                tracks = tracker.update(seconds, "1", answers, (640, 480), camera)
                frames += 1
                for target in answers[0].grounding.targets:
                    assert iou([target.box], [truth.box])[0, 0] > 0.5
                    identities.add(tracks.seen[target.region].track_id)
                    gaps.append(tracks.seen[target.region].unseen)
                for lost in tracks.lost:
                    assert lost.position is not None
                    errors.append(_distance(lost.position.centre, truth))
    except SimulationError as error:
        pytest.skip(str(error))
    assert len(identities) == 1
    assert max(gaps) > 2.0 and sum(gap > 0 for gap in gaps) == 1
    assert len(errors) + len(gaps) == frames and len(errors) > 10
    assert max(errors) < 0.03  # metres


def _distance(place: tuple[float, float, float], truth: ObjectTruth) -> float:
    return float(np.linalg.norm(np.subtract(place, truth.position)))
