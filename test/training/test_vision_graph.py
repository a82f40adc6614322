"""The graph of a model folder says what the network says, of the best points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra: make train-env")

from torch import Tensor, nn  # noqa: E402
from torch.nn.functional import interpolate  # noqa: E402

from vlm_ros.runtimes import open_runtime  # noqa: E402
from vlm_ros.training.assignment import pairwise_iou  # noqa: E402
from vlm_ros.training.export import write_vision  # noqa: E402
from vlm_ros.training.network import EXPORTED_CLASS_GAIN, RegionNetwork  # noqa: E402
from vlm_ros.training.vision_graph import CANDIDATES, FAINTEST, PUBLISHED, VisionGraph  # noqa: E402

SIZE = (128, 160)  # height, width: 420 points, of which the graph keeps fewer than half


@pytest.fixture(scope="module")
def network() -> RegionNetwork:
    """Weights large enough that a picture's points differ and every level has some of the best."""
    torch.manual_seed(1)
    network = RegionNetwork().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.normal_(module.bias, std=0.1)
    nn.init.normal_(network.details.say.weight, std=0.1)
    # Boxes of a few cells, so that both detectors have some of the same.
    for head in (*network.heads, *network.published.heads):
        nn.init.normal_(head.reg_pred.weight, std=1e-5)
        nn.init.constant_(head.reg_pred.bias, 0.5)
    return network


@pytest.fixture(scope="module")
def image() -> Tensor:
    return torch.rand((1, 3, *SIZE), generator=torch.Generator().manual_seed(1)) * 255


def test_graph_gives_the_networks_best_points(network: RegionNetwork, image: Tensor) -> None:
    with torch.no_grad():
        boxes, objectness, embeddings, _ = VisionGraph(network)(image)
        trained = network.class_directions.weight.clone()
        network.class_directions.weight.mul_(EXPORTED_CLASS_GAIN)
        dense = network(*network.first(image))
        best = dense.objectness[0].topk(CANDIDATES).indices
        own = network.own_at(dense, torch.zeros_like(best), best)
        expected = network.embed(own, _seen(network, image, boxes))
        network.class_directions.weight.copy_(trained)
    assert set(dense.strides[best].tolist()) == {8, 16, 32}
    assert expected.std(0).min() > 1e-3, "points must differ to be told apart"
    assert torch.allclose(objectness, dense.objectness[0, best].sigmoid(), atol=1e-5)
    assert torch.allclose(boxes, dense.boxes[0, best], rtol=1e-4, atol=1e-2)
    assert torch.allclose(embeddings, expected, atol=1e-4)


def _seen(network: RegionNetwork, image: Tensor, boxes: Tensor) -> Tensor:
    """What the published detector sees in boxes (K, 4), of its PUBLISHED surest regions."""
    # 64x80 would be half of it; whole cells of the coarsest level make it 64x96.
    half = interpolate(image, size=(64, 96), mode="bilinear")
    published = network.published(network.first(half)[1])
    surest = published.objectness[0].topk(PUBLISHED).indices
    places = published.boxes[0, surest] * torch.tensor([160 / 96, 2.0, 160 / 96, 2.0])
    sure, chosen = (pairwise_iou(boxes, places) * published.objectness[0, surest]).max(1)
    return sure[:, None] * published.classes[0, surest][chosen].sigmoid()


def test_classes_are_those_of_the_published_detector_in_the_very_boxes(
    network: RegionNetwork, image: Tensor
) -> None:
    with torch.no_grad():
        boxes, _, _, classes = VisionGraph(network)(image)
        seen = _seen(network, image, boxes)
    assert seen.min() < FAINTEST < 0.2 < seen.max(), "some classes are seen, some are not"
    assert torch.allclose(classes.sigmoid(), seen.clamp(FAINTEST, 1 - FAINTEST), atol=1e-4)


def test_the_exported_graph_takes_other_shapes_than_it_was_exported_in(
    network: RegionNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "vision.onnx"
    write_vision(network, path, 160, 128)
    upright = torch.rand((1, 3, 192, 128), generator=torch.Generator().manual_seed(2)) * 255
    with torch.no_grad():
        _, objectness, _, classes = VisionGraph(network)(upright)
    given = open_runtime(path, "onnxruntime").run({"image": upright.numpy()})
    assert torch.allclose(torch.from_numpy(given["objectness"]), objectness, atol=1e-4)
    # Equally sure regions may change places.
    ours, theirs = (np.sort(x, axis=0) for x in (classes.numpy(), given["classes"]))
    np.testing.assert_allclose(ours, theirs, atol=0.05)
    assert np.ptp(ours) > 4


def test_training_sees_classes_in_its_boxes(network: RegionNetwork, image: Tensor) -> None:
    with torch.no_grad():
        c2, c3 = network.first(image)
        dense, published = network(c2, c3), network.published(c3)
    point = torch.arange(0, 400, 7)
    at = (torch.zeros_like(point), point)
    same = pairwise_iou(dense.boxes[at], published.boxes[at]).diagonal()
    expected = published.objectness[at] * published.classes[at].sigmoid().T * same
    assert torch.allclose(published.seen(at, dense.boxes[at]).T, expected, atol=1e-6)
    assert expected.max() > 0.1


def test_pointwise_ends_are_only_computed_for_the_chosen(
    network: RegionNetwork, image: Tensor
) -> None:
    graph, shapes = VisionGraph(network), []
    ends = [
        *(head.reg_pred for head in graph.network.heads),
        *(branch.last for branch in graph.network.branches),
    ]
    for head in graph.network.published.heads:
        ends += [head.cls_pred, head.reg_pred]
    for module in ends:
        module.register_forward_hook(lambda _, inputs, __: shapes.append(inputs[0].shape))
    with torch.no_grad():
        graph(image)
    assert [shape[0] for shape in shapes] == [CANDIDATES] * 6 + [PUBLISHED] * 6


def test_network_itself_stays_as_it_was(network: RegionNetwork) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    VisionGraph(network)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
