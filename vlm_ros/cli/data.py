"""Render labelled pictures of simulated scenes."""

from __future__ import annotations

from pathlib import Path

import click

from vlm_ros.gazebo.release import RELEASES, release_of, release_with_ros, server_command
from vlm_ros.gazebo.render_engine import RENDER_ENGINES

PICTURES = (".jpg", ".jpeg", ".png")
GENERATED = 0.2
EXAMPLE_SCENE = 105


@click.group()
def command() -> None:
    """Make training and test data."""


@command.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--scenes", type=click.IntRange(1), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="First seed.")
@click.option("--views", type=click.IntRange(1), default=1, show_default=True, help="Per scene.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--width", type=click.IntRange(64, 3840), default=640, show_default=True)
@click.option("--height", type=click.IntRange(48, 2160), default=480, show_default=True)
@click.option(
    "--backgrounds",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of photographs to cover some tables, floors and walls with.",
)
@click.option(
    "--meshes",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of scanned objects (NAME/textured.obj, NAME/texture_map.png, metres); renders "
    "pictures like phone photographs of them instead of a robot's views.",
)
@click.option(
    "--generated",
    type=click.FloatRange(0, 1),
    help="With --meshes: share of the simulator's own objects among them.  [default: 0.2]",
)
@click.option(
    "--upright",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Share of the pictures whose width and height are exchanged.",
)
def render(
    out: Path,
    scenes: int,
    seed: int,
    views: int,
    jobs: int,
    width: int,
    height: int,
    backgrounds: Path | None,
    meshes: Path | None,
    generated: float | None,
    upright: float,
) -> None:
    """Render labelled pictures of random scenes into the folder OUT.

    A scene is a function of its seed. Scenes that OUT already holds are not rendered again, so
    an interrupted run goes on where it stopped.
    """
    from tqdm import tqdm

    from vlm_ros.simulation.dataset import DatasetOptions, render_dataset

    if generated is not None and meshes is None:
        raise click.UsageError("--generated says how to mix with scanned objects; give --meshes.")
    share = GENERATED if generated is None else generated
    options = DatasetOptions(
        out, views, width, height, _photographs(backgrounds), meshes, share, upright
    )
    seeds = range(seed, seed + scenes)
    for _ in tqdm(render_dataset(options, seeds, jobs), total=scenes, unit="scene"):
        pass
    click.echo(f"{scenes * views} pictures in {out}, described in {out / 'annotations.jsonl'}")


@command.command()
@click.argument("labels", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def cutouts(labels: Path, out: Path) -> None:
    """Cut things out of photographs in which they lie on a plain ground.

    LABELS is a file in COCO's format, its pictures beside it. What can be told from its ground is
    written into the folder OUT as PNG with transparency; look through them, delete those that
    failed, and make collages of the others.
    """
    from tqdm import tqdm

    from vlm_ros.training.cutouts import write_cutouts

    found = sum(tqdm(write_cutouts(labels, out), unit="picture"))
    click.echo(f"{found} cut-outs in {out}; delete those that failed.")


@command.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--cutouts",
    "folders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    required=True,
    help="Folder written by 'vlm-ros data cutouts'; may be given again.",
)
@click.option("--pictures", type=click.IntRange(1), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="First seed.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "--backgrounds",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of photographs that some of the collages lie on.",
)
def collage(
    out: Path,
    folders: tuple[Path, ...],
    pictures: int,
    seed: int,
    jobs: int,
    backgrounds: Path | None,
) -> None:
    """Lay cut-outs on tables, and write pictures and labels into the folder OUT.

    OUT/labels.json is in COCO's format, for 'vlm-ros train --photographs'. The same seed and
    cut-outs give the same picture.
    """
    from tqdm import tqdm

    from vlm_ros.training.collage import write_collages
    from vlm_ros.training.cutouts import read_cutouts

    things = [cutout for folder in folders for cutout in read_cutouts(folder)]
    seeds = range(seed, seed + pictures)
    made = write_collages(out, things, _photographs(backgrounds), seeds, jobs)
    for _ in tqdm(made, total=pictures, unit="picture"):
        pass
    click.echo(f"{pictures} collages in {out}, described in {out / 'labels.json'}")


@command.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--seed", type=click.IntRange(0), default=EXAMPLE_SCENE, show_default=True, help="The scene."
)
@click.option(
    "--gazebo",
    type=click.Choice(list(RELEASES)),
    default=release_with_ros(),
    show_default="that of the sourced ROS 2 distribution",
    help="Release of Gazebo.",
)
@click.option(
    "--render-engine",
    type=click.Choice(list(RENDER_ENGINES)),
    default="ogre2",
    show_default=True,
    help="What the camera draws with.",
)
@click.option("--movable/--fixed", default=False, help="Put the objects under physics, or not.")
def world(out: Path, seed: int, gazebo: str, render_engine: str, movable: bool) -> None:
    """Write a simulated scene as a world for Gazebo into the folder OUT.

    OUT can be moved: the world names its meshes by their place beside it.
    """
    from vlm_ros.gazebo.world import WorldOptions, write_world
    from vlm_ros.simulation import Tabletop, generate_scene

    release, engine = release_of(gazebo), RENDER_ENGINES[render_engine]
    with Tabletop(generate_scene(seed)) as tabletop:
        path = write_world(tabletop, out, WorldOptions(release, engine, movable))
    click.echo(f"{path}: start it with")
    click.echo(f"  {' '.join(server_command(release, engine, path))}")


def _photographs(folder: Path | None) -> tuple[Path, ...]:
    if folder is None:
        return ()
    found = tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES))
    if not found:
        raise click.BadParameter(f"{folder} holds no JPEG or PNG files", param_hint="--backgrounds")
    return found
