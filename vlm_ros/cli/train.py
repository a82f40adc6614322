"""Train and export a model."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("config", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--data",
    "folders",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="Folder written by 'vlm-ros data render'; may be given again, each drawn as often.",
)
@click.option(
    "--photographs",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Photographs: a COCO .json, or a YAML file that names YOLO labels.",
)
@click.option(
    "--start",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="The YOLOX-Nano ONNX file, or a model folder to fine-tune.",
)
@click.option(
    "--keep",
    type=click.FloatRange(0.0, 1.0),
    default=0.0,
    help="Share of the weights of --start, a model folder, in what is written.",
)
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the checkpoint and log; a run found there goes on.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Model folder to write."
)
@click.option(
    "--calibration",
    "unseen",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="Folder of rendered pictures that are not trained on, to fit the scale of scores;"
    " rendered into the run's folder where none is given.",
)
@click.option(
    "--size", nargs=2, type=int, default=(640, 480), help="Width and height of the graph."
)
def command(
    config: Path,
    folders: tuple[Path, ...],
    photographs: Path | None,
    start: Path,
    keep: float,
    run: Path,
    out: Path,
    unseen: tuple[Path, ...],
    size: tuple[int, int],
) -> None:
    """Train the bundled model's family as CONFIG says, then export it to a model folder."""
    if not folders and photographs is None:
        raise click.UsageError("There is nothing to train on: give --data, --photographs or both.")
    if keep and start.is_file():
        raise click.UsageError("--keep needs a model folder as --start: a detector has no phrases.")
    from vlm_ros.simulation.dataset import DatasetOptions, render_dataset
    from vlm_ros.training.annotations import read_photographs, read_rendered
    from vlm_ros.training.calibrate import SEEDS, calibrate
    from vlm_ros.training.export import export, load_average
    from vlm_ros.training.start import keep_of_start
    from vlm_ros.training.train import read_config, train

    pictures = [read_rendered(folder) for folder in folders]
    real = [] if photographs is None else read_photographs(photographs)
    checkpoint = train(read_config(config), pictures, real, start, run)
    model = load_average(checkpoint)
    if keep:
        keep_of_start(model, start, keep)
    export(model, out, out.name, *size)
    if not unseen:
        unseen = (run / "calibration",)
        for _ in render_dataset(DatasetOptions(unseen[0], views=1), SEEDS):
            pass
    scale, shift = calibrate(out, [p for folder in unseen for p in read_rendered(folder)])
    click.echo(f"Wrote the model folder {out}; logit scale {scale:.2f}, shift {shift:.2f}.")
