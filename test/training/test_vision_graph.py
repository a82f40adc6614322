"""The graph of a model folder says what the network says, of the best points."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra: make train-env")

from torch import Tensor, nn  # noqa: E402

from vlm_ros.training.assignment import pairwise_iou  # noqa: E402
from vlm_ros.training.network import EXPORTED_CLASS_GAIN, RegionNetwork  # noqa: E402
from vlm_ros.training.vision_graph import CANDIDATES, FAINTEST, VisionGraph  # noqa: E402

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
    return network


@pytest.fixture(scope="module")
def image() -> Tensor:
    return torch.rand((1, 3, *SIZE), generator=torch.Generator().manual_seed(1)) * 255


def test_graph_gives_the_networks_best_points(network: RegionNetwork, image: Tensor) -> None:
    with torch.no_grad():
        boxes, objectness, embeddings, classes = VisionGraph(network)(image)
        trained = network.class_directions.weight.clone()
        network.class_directions.weight.mul_(EXPORTED_CLASS_GAIN)
        c2, c3 = network.first(image)
        dense, published = network(c2, c3), network.published(c3)
        best = dense.objectness[0].topk(CANDIDATES).indices
        expected = network.embed(
            network.own_at(dense, torch.zeros_like(best), best), published.classes[0, best]
        )
        network.class_directions.weight.copy_(trained)
    assert set(dense.strides[best].tolist()) == {8, 16, 32}
    assert expected.std(0).min() > 1e-3, "points must differ to be told apart"
    assert torch.allclose(objectness, dense.objectness[0, best].sigmoid(), atol=1e-5)
    assert torch.allclose(boxes, dense.boxes[0, best], rtol=1e-4, atol=1e-2)
    assert torch.allclose(embeddings, expected, atol=1e-4)
    same = pairwise_iou(dense.boxes[0, best], published.boxes[0, best]).diagonal()
    seen = published.objectness[0, best] * published.classes[0, best].sigmoid().T * same
    assert seen.min() < FAINTEST < 0.2 < seen.max(), "some classes are seen, some are not"
    assert torch.allclose(classes.sigmoid().T, seen.clamp(FAINTEST, 1 - FAINTEST), atol=1e-4)


def test_pointwise_ends_are_only_computed_for_the_chosen(
    network: RegionNetwork, image: Tensor
) -> None:
    graph, shapes = VisionGraph(network), []
    ends = [
        *(head.reg_pred for head in graph.network.heads),
        *(branch.last for branch in graph.network.branches),
    ]
    for head in graph.network.published.heads:
        ends += [head.cls_pred, head.reg_pred, head.obj_pred]
    for module in ends:
        module.register_forward_hook(lambda _, inputs, __: shapes.append(inputs[0].shape))
    with torch.no_grad():
        graph(image)
    assert len(shapes) == len(ends) == 15
    assert {shape[0] for shape in shapes} == {CANDIDATES}


def test_network_itself_stays_as_it_was(network: RegionNetwork) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    VisionGraph(network)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
