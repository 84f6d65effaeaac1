"""Where structures lie is the mean of what is said of an image and of its mirror image, and favours no side."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.training.networks.both_ways import ACROSS, both_ways  # noqa: E402
from medviewer.training.networks.half_grid import HalfGridUNet  # noqa: E402

STRUCTURES = 3


@pytest.fixture
def network() -> HalfGridUNet:
    torch.manual_seed(21)
    return HalfGridUNet((8, 8), STRUCTURES, 4).eval()


@pytest.fixture
def image():
    return torch.rand(1, 1, 16, 24, 32, generator=torch.Generator().manual_seed(2))


def one_look(network, image):
    return network.coarse(network.located(image))


@torch.no_grad()
def test_the_mirror_image_of_an_image_gets_the_mirror_image_of_its_logits(network, image):
    other = image.flip(ACROSS)
    first = both_ways(network, image, one_look(network, image))
    second = both_ways(network, other, one_look(network, other)).flip(ACROSS)
    assert torch.allclose(first[:, :STRUCTURES], second[:, :STRUCTURES], atol=1e-5)
    assert torch.allclose(first[:, STRUCTURES:], -second[:, STRUCTURES:], atol=1e-5)  # what was left is right
    alone = one_look(network, other).flip(ACROSS)
    assert not torch.allclose(one_look(network, image)[:, :STRUCTURES], alone[:, :STRUCTURES], atol=0.01)  # one look does favour a side


@torch.no_grad()
def test_structures_get_the_geometric_mean_of_their_posteriors(network, image):
    looks = one_look(network, image), one_look(network, image.flip(ACROSS)).flip(ACROSS)
    first, second = (look[:, :STRUCTURES].softmax(1) for look in looks)
    expected = (first * second).sqrt()
    expected /= expected.sum(1, keepdim=True)
    found = both_ways(network, image, one_look(network, image))[:, :STRUCTURES].softmax(1)
    assert torch.allclose(found, expected, atol=1e-5)
