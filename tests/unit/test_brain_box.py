"""The box that finer layers look at: it holds what was found, with a margin, and the exported graph cuts and pads as the code does."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
onnx = pytest.importorskip("onnx", reason="the extra [train] is not installed")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import helper, numpy_helper  # noqa: E402
from torch.nn import functional as fn  # noqa: E402

from medviewer.training.heads.answer import SURE_BACKGROUND, Answer, OutputLabel  # noqa: E402
from medviewer.training.heads.export import joined_model  # noqa: E402
from medviewer.training.networks.brain_box import CELL, structure_box  # noqa: E402
from medviewer.training.networks.half_grid import STEM, HalfGridUNet, doubled  # noqa: E402
from medviewer.training.networks.refinement import SLABS  # noqa: E402
from medviewer.training.packages.onnx_halves import FEWEST, stored_at_half_width  # noqa: E402

NAMES = (OutputLabel(1, "left a", "left", 1), OutputLabel(2, "right a", "right", 1), OutputLabel(3, "b", None, 2))


def test_the_box_holds_the_structure_and_a_margin_on_even_edges():
    background = torch.ones(20, 24, 32)
    background[7:12, 3:10, 13:20] = 0.0
    start, stop = structure_box(background)
    assert start.tolist() == [4, 0, 10]  # one neighbour, one of margin, then down to an even number
    assert stop.tolist() == [14, 12, 22]
    assert start.dtype == stop.dtype == torch.int64


def test_a_single_voxel_far_off_does_not_stretch_the_box():
    background = torch.ones(20, 20, 20)
    background[8:12, 8:12, 8:12] = 0.0
    alone = structure_box(background)
    background[2, 16, 3] = 0.0
    assert all(torch.equal(a, b) for a, b in zip(alone, structure_box(background), strict=True))


def test_where_nothing_is_found_the_whole_image_is_the_box():
    start, stop = structure_box(torch.full((6, 8, 10), 0.999))
    assert start.tolist() == [0, 0, 0]
    assert stop.tolist() == [6, 8, 10]


def test_the_box_ends_with_the_image():
    background = torch.ones(8, 8, 8)
    background[0:3, :, 5:8] = 0.0
    start, stop = structure_box(background)
    assert start.tolist() == [0, 0, 2]
    assert stop.tolist() == [6, 8, 8]


def test_doubling_is_pytorchs_nearest_interpolation():
    x = torch.rand(2, 3, 4, 5, 6)
    assert torch.equal(doubled(x), fn.interpolate(x, scale_factor=2.0, mode="nearest"))


def bright_finder() -> HalfGridUNet:
    """A network that takes for structures what is bright on the half grid, and else is as it was born."""
    torch.manual_seed(11)
    network = HalfGridUNet((8, 8), 3, 4).eval()
    with torch.no_grad():
        network.coarse.weight[:, -STEM:] = 0.0
        network.coarse.weight[:3, :-STEM] *= 0.01
        network.coarse.weight[0, -STEM:] = -4.0
        network.coarse.bias[:3] = torch.tensor([-6.0, 0.0, 0.3])
    return network


@pytest.mark.parametrize(("finer", "mirrored"), [(False, False), (True, True)])
def test_the_exported_graph_cuts_and_pads_as_the_code_does(finer, mirrored):
    answer = Answer(bright_finder(), NAMES, finer=finer, mirrored=mirrored).eval()
    session = onnxruntime.InferenceSession(joined_model(answer, 8).SerializeToString(), providers=["CPUExecutionProvider"])
    scale = 2 if finer else 1
    for corner, size in (((24, 16, 8), (16, 16, 24)), ((0, 0, 40), (16, 24, 16))):
        image = 0.1 * torch.rand(1, 1, *(scale * n for n in (64, 48, 56)), generator=torch.Generator().manual_seed(size[2]))
        place = tuple(slice(scale * a, scale * (a + n)) for a, n in zip(corner, size, strict=True))
        image[(0, 0, *place)] += 0.9
        with torch.no_grad():
            wanted = [x.numpy() for x in answer(image)]
            start, stop = (scale * 2 * x.numpy() for x in answer.locate(image)[3:])
        labels, confidence, volumes = session.run(["labels", "confidence", "volumes"], {"image": image.numpy()})
        inside = np.zeros(labels.shape, bool)
        inside[(0, *(slice(a, b) for a, b in zip(start, stop, strict=True)))] = True
        assert inside[(0, *place)].all()
        assert inside.mean() < 0.4  # the box is a part of the image, so there is something to get wrong
        assert (labels[(0, *place)] > 0).mean() > 0.9
        assert (labels == wanted[0]).mean() > 0.9999
        assert not labels[~inside].any()
        assert (confidence[~inside] == SURE_BACKGROUND).all()
        assert np.abs(confidence.astype(int) - wanted[1].astype(int)).max() <= 1
        np.testing.assert_allclose(volumes, wanted[2], rtol=1e-3, atol=0.1)
        assert volumes.sum() == pytest.approx(image.numel(), rel=1e-4)


def test_every_box_can_be_refined_in_slabs():
    assert 2 * CELL % SLABS == 0  # voxels of the network's grid in a cell


def test_halves_of_the_width_change_a_weight_by_at_most_one_part_in_two_thousand():
    weights = np.random.default_rng(4).normal(size=(32, FEWEST // 16)).astype(np.float32)
    few = np.float32([1 / 3, 2 / 3])
    nodes = [helper.make_node("MatMul", ["x", "weights"], ["product"]), helper.make_node("Add", ["product", "few"], ["y"])]
    few = np.resize(few, weights.shape[1])
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 32])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(few, "few")],
    )
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    half = stored_at_half_width(whole)
    onnx.checker.check_model(half, full_check=True)
    kept = {t.name: numpy_helper.to_array(t) for t in half.graph.initializer}
    assert kept["weights"].dtype == np.float16
    assert kept["few"].dtype == np.float32  # small ones stay as they are
    np.testing.assert_allclose(kept["weights"].astype(np.float32), weights, rtol=1 / 2048, atol=3e-8)
    given = {"x": np.eye(32, dtype=np.float32)[:1]}
    found = onnxruntime.InferenceSession(half.SerializeToString()).run(None, given)[0]
    np.testing.assert_array_equal(found, kept["weights"].astype(np.float32)[:1] + few)
    assert numpy_helper.to_array(whole.graph.initializer[0]).dtype == np.float32  # the original is as it was


def test_a_weight_that_half_the_width_cannot_hold_is_refused():
    tensor = numpy_helper.from_array(np.full(FEWEST, 7e4, np.float32), "w")
    graph = helper.make_graph([], "g", [], [helper.make_tensor_value_info("w", onnx.TensorProto.FLOAT, [FEWEST])], [tensor])
    with pytest.raises(OverflowError, match="w has values"):
        stored_at_half_width(helper.make_model(graph))
