"""An answer on a coarse grid is brought onto a fine one by the fine image: against PyTorch's own interpolation and phantoms."""

from __future__ import annotations

import math
import tomllib

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from torch.nn import functional as fn  # noqa: E402

from medviewer.resources import resources_folder  # noqa: E402
from medviewer.training.heads.answer import Answer, OutputLabel, output_labels  # noqa: E402
from medviewer.training.networks import refinement  # noqa: E402
from medviewer.training.networks.half_grid import HalfGridUNet, depth_to_space  # noqa: E402
from medviewer.training.networks.refinement import SLABS, coarsened, local_gain, refined  # noqa: E402

COARSE = (16, 20, 24)


def ball(shape, centre, radius):
    axes = np.meshgrid(*(np.arange(n) + 0.5 for n in shape), indexing="ij")
    return torch.from_numpy(sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)) < radius**2)


def whole(parts, shape):
    """The fine volume of each structure, from what `refined` gives."""
    rows = torch.stack([p.weight / p.weight.sum(1, keepdim=True) for p in parts])  # (slabs x 8, voxels, c)
    d, h, w = shape
    return torch.cat(
        [
            depth_to_space(rows[..., c].reshape(SLABS, 8, d // SLABS, h, w).transpose(0, 1).reshape(1, 8, d, h, w))
            for c in range(rows.shape[2])
        ],
        1,
    )


@pytest.fixture
def phantom():
    """A fine image of a bright ball in a grey one on black, and its coarse posteriors, half a coarse voxel out of place."""
    fine = tuple(2 * n for n in COARSE)
    truth = ball(fine, (16, 20, 24), 13).long() + ball(fine, (16.5, 21, 23), 6).long()
    grey = torch.tensor([0.05, 0.45, 0.85])[truth] + 0.03 * torch.randn(fine, generator=torch.Generator().manual_seed(2))
    shares = fn.avg_pool3d(fn.one_hot(truth.roll(1, 2), 3).movedim(-1, 0).float()[None], 2)
    return grey.clamp(0, 1)[None, None], 0.9 * shares + 0.1 / 3, truth


def test_where_the_image_says_nothing_the_answer_is_interpolated_as_pytorch_does():
    posterior = torch.rand(1, 3, *COARSE, generator=torch.Generator().manual_seed(1)).softmax(1)
    side = torch.randn(1, 1, *COARSE, generator=torch.Generator().manual_seed(2))
    flat = torch.full((1, 1, *(2 * n for n in COARSE)), 0.5)
    parts = list(refined(flat, posterior, side))
    expected = fn.interpolate(posterior, scale_factor=2.0, mode="trilinear", align_corners=False)
    assert torch.allclose(whole(parts, COARSE), expected, atol=2e-3)
    d, h, w = COARSE
    sides = torch.stack([p.side for p in parts]).reshape(SLABS, 8, d // SLABS, h, w).transpose(0, 1).reshape(1, 8, d, h, w)
    assert torch.allclose(depth_to_space(sides), fn.interpolate(side, scale_factor=2.0, mode="trilinear", align_corners=False), atol=1e-5)


def test_edges_lie_where_the_fine_image_has_them(phantom):
    image, posterior, truth = phantom
    interpolated = fn.interpolate(posterior, scale_factor=2.0, mode="trilinear", align_corners=False).argmax(1)[0]
    found = whole(refined(image, posterior, torch.zeros(1, 1, *COARSE)), COARSE).argmax(1)[0]
    wrong = [float((labels != truth).float().mean()) for labels in (interpolated, found)]
    assert wrong[0] > 0.02
    assert wrong[1] < 0.2 * wrong[0]


def test_a_coils_brightness_is_found_as_the_field_that_the_image_was_multiplied_with():
    fine = (96, 96, 96)
    truth = ball(fine, (48, 48, 48), 40).long() + ball(fine, (50, 50, 46), 18).long()
    posterior = 0.97 * fn.avg_pool3d(fn.one_hot(truth.roll(1, 2), 3).movedim(-1, 0).float()[None], 2) + 0.01
    image = torch.tensor([0.05, 0.45, 0.85])[truth][None, None]
    field = torch.exp(torch.linspace(-0.35, 0.35, 96)).expand(image.shape)
    inside = fn.avg_pool3d((truth > 0).float()[None, None], 2) == 1
    found = local_gain(fn.avg_pool3d(image * field, 2), posterior)[inside].log()
    applied = fn.avg_pool3d(field, 2)[inside].log()
    assert float(np.corrcoef(found.numpy(), applied.numpy())[0, 1]) > 0.9
    assert float((found - applied).std()) < 0.5 * float(applied.std())
    even = local_gain(fn.avg_pool3d(image, 2), posterior)[inside].log()
    assert float(even.std()) < 0.2 * float(applied.std())


def test_the_coarse_image_is_the_mean_of_blocks_over_the_whole_range():
    image = torch.rand(1, 1, 8, 8, 8, generator=torch.Generator().manual_seed(3)) * 0.5 + 0.25
    means = image[0, 0].reshape(4, 2, 4, 2, 4, 2).mean((1, 3, 5))
    expected = (means - means.min()) / (means.max() - means.min())
    assert torch.allclose(coarsened(image)[0, 0], expected, atol=1e-6)
    assert torch.equal(coarsened(torch.full((1, 1, 4, 4, 4), 0.3)), torch.zeros(1, 1, 2, 2, 2))


def test_labels_confidence_and_volumes_of_the_fine_grid_agree_with_each_other():
    torch.manual_seed(6)
    network = HalfGridUNet((8, 8), 3, 4).eval()
    names = (OutputLabel(1, "left a", "left", 1), OutputLabel(2, "right a", "right", 1), OutputLabel(3, "b", None, 2))
    image = torch.rand(1, 1, 32, 16, 24)
    with torch.no_grad():
        labels, confidence, volumes = Answer(network, names, finer=True)(image)
        logits, side = network(coarsened(image))
        weights = whole(list(refined(image, logits.softmax(1), side)), logits.shape[2:])
    left = fn.interpolate(side, scale_factor=2.0, mode="trilinear", align_corners=False)[:, 0] > 0
    chosen = weights.argmax(1)
    expected = torch.where(chosen == 1, torch.where(left, 1, 2), torch.where(chosen == 2, 3, 0))
    assert labels.dtype == confidence.dtype == torch.uint8
    assert labels.shape == confidence.shape == image.shape[1:]
    assert float((labels == expected).float().mean()) > 0.9999
    assert math.isclose(float(volumes.sum()), image.numel(), rel_tol=1e-4)
    assert math.isclose(float(volumes[3]), float(weights[:, 2].sum()), rel_tol=1e-3)
    is_sided = torch.isin(labels, torch.tensor([1, 2], dtype=torch.uint8))
    assert torch.allclose(confidence[~is_sided].float() / 255, weights.amax(1)[~is_sided], atol=0.003)


def test_slabs_change_nothing_but_memory(monkeypatch, phantom):
    image, posterior, _ = phantom
    once = whole(refined(image, posterior, torch.zeros(1, 1, *COARSE)), COARSE)
    monkeypatch.setattr(refinement, "SLABS", 1)
    parts = list(refined(image, posterior, torch.zeros(1, 1, *COARSE)))
    assert len(parts) == 8
    rows = torch.stack([p.weight / p.weight.sum(1, keepdim=True) for p in parts])
    whole_at_once = torch.cat([depth_to_space(rows[..., c].reshape(1, 8, *COARSE)) for c in range(3)], 1)
    assert torch.allclose(once, whole_at_once, atol=1e-6)


def test_the_bundled_model_gives_the_answer_of_the_code_that_it_was_exported_from(tmp_path):
    pytest.importorskip("onnx", reason="the extra [train] is not installed")
    from medviewer.training.heads.loop import Data, Run
    from medviewer.training.recipe_kinds.synthesis import Recipe

    package = resources_folder() / "models" / "brain-structures"
    recipe = Recipe.model_validate(tomllib.loads((package / "recipe.toml").read_text(encoding="utf-8")))
    run = Run(recipe, Data((), (), (), None, None), tmp_path, 1.0)
    run.start_from(package / "model.onnx")
    asked, answered = np.load(package / "golden" / "input.npz"), np.load(package / "golden" / "output.npz")
    code = Answer(run.ema.eval(), output_labels(recipe), finer=True, mirrored=recipe.network.mirrored)
    with torch.no_grad():
        labels, _, volumes = code(torch.from_numpy(asked["image"]))
    assert float((labels.numpy() == answered["labels"]).mean()) > 0.9999
    np.testing.assert_allclose(volumes.numpy(), answered["volumes"], rtol=1e-3, atol=1.0)
