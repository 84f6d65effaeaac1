"""A wider network goes on from a narrower one's answer."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.training.errors import BadRecipe  # noqa: E402
from medviewer.training.heads.loop import Run, load_data  # noqa: E402
from medviewer.training.networks.growth import grown  # noqa: E402
from medviewer.training.networks.half_grid import HalfGridUNet  # noqa: E402
from medviewer.training.recipe_kinds.synthesis import Recipe  # noqa: E402
from tests.support.tiny_heads import tiny_recipe, write_heads  # noqa: E402


def trained(features, detail, seed=1):
    """A network whose last layer isn't zero."""
    torch.manual_seed(seed)
    network = HalfGridUNet(features, 4, detail).eval()
    torch.nn.init.normal_(network.answer.weight)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter)
    return network


@pytest.mark.parametrize(("features", "detail"), [((6, 12, 16), 5), ((4, 8, 12), 3), ((4, 9, 12), 3), ((7, 8, 12), 8)])
def test_a_grown_network_answers_as_the_narrow_one(features, detail):
    narrow, wide = trained((4, 8, 12), 3), trained(features, detail, seed=2)
    image = torch.rand(1, 1, 16, 24, 16)
    before = wide(image)[0]
    wide.load_state_dict(grown(narrow.state_dict(), wide))
    with torch.no_grad():
        for found, wanted in zip(wide.answers(image), narrow.answers(image), strict=True):
            assert torch.allclose(found, wanted, atol=1e-4)
    assert not torch.allclose(before, wide(image)[0], atol=1e-2)


def test_every_new_channel_learns():
    narrow, wide = trained((4, 8, 12), 3), trained((6, 12, 16), 5, seed=2)
    wide.load_state_dict(grown(narrow.state_dict(), wide))
    fine, side = wide(torch.rand(1, 1, 16, 24, 16))
    (fine.square().mean() + side.square().mean()).backward()
    for name, values in wide.named_parameters():
        assert values.grad is not None, name
    assert (wide.answer.weight.grad[:, 3:].flatten(1).abs().sum(0) > 0).all()
    assert (wide.up[1].layers[3].weight.grad[:4, 4:].abs().sum((0, 2, 3, 4)) > 0).all()


OTHERS = [HalfGridUNet(f, s, d) for f, s, d in (((4, 8), 5, 3), ((6, 8), 4, 3), ((4, 8), 4, 5), ((4,), 4, 3), ((4, 8, 8), 4, 3))]


@pytest.mark.parametrize("other", [*OTHERS, torch.nn.Linear(2, 2)])
def test_networks_that_it_did_not_grow_from_are_refused(other):
    with pytest.raises(ValueError, match="other structures or levels, or of a wider"):
        grown(other.state_dict(), HalfGridUNet((4, 8), 4, 3))


def test_training_from_unfit_weights_says_which_file_and_what_would_do(tmp_path):
    folder = tmp_path / "heads"
    folder.mkdir()
    write_heads(folder)
    recipe = Recipe.model_validate(tiny_recipe())
    run = Run(recipe, load_data(recipe, folder), tmp_path, 1.0)
    torch.save({"ema": HalfGridUNet((4, 8), 9, 2).state_dict()}, tmp_path / "other.pt")
    with pytest.raises(BadRecipe, match=r"other\.pt.*wider.*Train without --start-from"):
        run.start_from(tmp_path / "other.pt")
