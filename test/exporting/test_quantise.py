"""A model folder in eight bits answers nearly as the one it was made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
onnx = pytest.importorskip("onnx", reason="needs onnx")
pytest.importorskip("onnxscript", reason="needs onnxscript")

from vlm_ros.cli import main  # noqa: E402
from vlm_ros.errors import ModelError  # noqa: E402
from vlm_ros.evaluation.agreement import compare  # noqa: E402
from vlm_ros.exporting import export_checkpoint  # noqa: E402
from vlm_ros.exporting.quantise import quantise_folder  # noqa: E402
from vlm_ros.images import write_image  # noqa: E402
from vlm_ros.models import bundled_model, read_spec  # noqa: E402
from vlm_ros.models.vision_pass import open_vision  # noqa: E402


@pytest.fixture(scope="module", params=["owlvit", "owlv2"])
def exported(request: Any, tmp_path_factory: Any, clip_tokenizer: Any) -> Path:
    """A model folder of each architecture at reduced size."""
    name = {"owlvit": "OwlViT", "owlv2": "Owlv2"}[request.param]
    sizes = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 64}
    config = getattr(transformers, f"{name}Config")(
        text_config={**sizes, "intermediate_size": 96},
        vision_config={**sizes, "intermediate_size": 128, "image_size": 96, "patch_size": 16},
        projection_dim=64,
    )
    torch.manual_seed(0)
    checkpoint, out = tmp_path_factory.mktemp("checkpoint"), tmp_path_factory.mktemp("made")
    getattr(transformers, f"{name}ForObjectDetection")(config).save_pretrained(checkpoint)
    images = getattr(transformers, f"{name}ImageProcessorPil")(size={"height": 96, "width": 96})
    processor = getattr(transformers, f"{name}Processor")(images, clip_tokenizer)
    processor.save_pretrained(checkpoint)
    return export_checkpoint(checkpoint, out / request.param)


@pytest.fixture(scope="module")
def quantised(exported: Path) -> Path:
    return quantise_folder(exported, exported.with_name(f"{exported.name}-int8"))


def _graph(folder: Path) -> Any:
    return onnx.load(str(read_spec(folder).vision.graph)).graph


def test_the_folder_is_whole_and_says_what_it_is(exported: Path, quantised: Path) -> None:
    before, after = read_spec(exported), read_spec(quantised)
    assert (after.name, after.vision.precision) == (f"{before.name}-int8", "int8")
    assert before.vision.precision == "fp32"
    described = yaml.safe_load((quantised / "model.yaml").read_text())
    assert described["origin"].endswith("vision in eight bits")
    assert {p.name for p in quantised.iterdir()} == {p.name for p in exported.iterdir()}
    assert after.vision.graph.stat().st_size < 0.5 * before.vision.graph.stat().st_size


def test_encoder_in_eight_bits_and_outputs_as_they_were(quantised: Path) -> None:
    nodes = _graph(quantised).node
    makers = {output: node for node in nodes for output in node.output}
    # The patches, and six products in each of two layers.
    assert sum(node.op_type == "MatMulInteger" for node in nodes) >= 13
    assert sum(node.op_type == "MultiHeadAttention" for node in nodes) == 2

    def nearest_products(tensor: str) -> set[str]:
        node = makers.get(tensor)
        if node is None:
            return set()
        if node.op_type in ("MatMul", "Gemm", "MatMulInteger"):
            return {node.op_type}
        return set().union(*map(nearest_products, node.input))

    for output in ("boxes", "embeddings", "logit_scale", "logit_shift"):
        assert "MatMulInteger" not in nearest_products(output)


def test_it_says_nearly_the_same(exported: Path, quantised: Path, pictures: dict[str, Any]) -> None:
    plain, rounded = (
        open_vision(read_spec(f).vision, "onnxruntime") for f in (exported, quantised)
    )
    for picture in pictures.values():
        expected, found = plain(picture)[0], rounded(picture)[0]
        assert found.keys() == expected.keys()
        cosines = (found["embeddings"] * expected["embeddings"]).sum(axis=1)
        # OWLv2's graph ranks its regions, and near ones may change places.
        assert np.median(cosines) > (0.99 if "objectness" not in found else 0.9)
        assert not np.array_equal(found["embeddings"], expected["embeddings"])


def test_agreement(exported: Path, quantised: Path, tmp_path: Path, pictures: Any) -> None:
    names = ("landscape", "odd")
    for name in names:
        write_image(tmp_path / f"{name}.png", pictures[name])
    files = sorted(tmp_path.iterdir())
    if exported.name == "owlv2":
        with pytest.raises(ModelError, match="in the order of the picture's patches"):
            compare(exported, quantised, files, ("cup",))
        return
    itself = compare(exported, exported, files, ("cup", "dog"))
    assert (itself.pictures, itself.regions, itself.phrases) == (2, 2 * 36, 2)
    assert itself.box_px_p95 == itself.score_most == 0.0
    assert itself.cosine_least == pytest.approx(1.0, abs=1e-4)
    assert itself.same_region == itself.same_place == 1.0
    rounded = compare(exported, quantised, files, ("cup", "dog"))
    assert 0.9 < rounded.cosine_least < rounded.cosine_mean < 1.0
    assert rounded.same_region <= rounded.same_place <= 1.0


def test_nothing_to_gain_nothing_written(tmp_path: Path) -> None:
    """The bundled model is made of convolutions."""
    with pytest.raises(ModelError, match="no matrix products to gain from"):
        quantise_folder(bundled_model(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_command(exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "eight"
    run = CliRunner().invoke(main, ["model", "quantise", str(exported), "--out", str(out)])
    assert run.exit_code == 0, run.output
    assert run.output == f"Wrote the model folder {out}.\n"
    again = CliRunner().invoke(main, ["model", "quantise", str(exported), "--out", str(out)])
    assert again.exit_code == 2 and "exists already" in again.stderr
