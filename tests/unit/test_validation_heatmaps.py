"""The tests of heatmaps know a map that is true from one that isn't, on networks whose true region is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the extra [train] is not installed")
pytest.importorskip("sklearn", reason="the extra [train] is not installed")
import onnxruntime
from support.tiny_pictures import COARSE, SIDE, region_mask, tiny_network, tiny_radiograph

from medviewer.training.statistics.bootstrap import Interval
from medviewer.training.validation.heatmaps.contest import compare, contest
from medviewer.training.validation.heatmaps.energy import energy_inside
from medviewer.training.validation.heatmaps.grain import cells_of, grain_of, noise
from medviewer.training.validation.heatmaps.perturbation import areas, ranking
from medviewer.training.validation.heatmaps.randomisation import randomised_networks, rank_correlation, structural_similarity
from medviewer.training.validation.heatmaps.rival_maps import CENTRE, EDGE, FINER, RANDOM, RIVALS, centre_map
from medviewer.training.validation.heatmaps.spreading import block_means, spread
from medviewer.training.validation.heatmaps.verdict import Comparison, Verdict, verdict

CORNER = (slice(0, 24), slice(0, 24))


def reader_of(region):
    """A model that looks at one region and nothing else: the probability rises with the share of its pixels that are bright."""
    mask = region_mask(region) > 0
    return lambda picture: float(1 / (1 + np.exp(6 - 40 * (picture[mask] > 0.7).mean())))


def judged(score, map_of, pictures=12) -> Verdict:
    """The rule's verdict on a map ``map_of(rng)`` of a model, over pictures whose bright spots lie everywhere, in the corner too."""
    contests = []
    for seed in range(pictures):
        rng = np.random.default_rng(100 + seed)
        picture = tiny_radiograph(True, CORNER, rng)
        for j, i in rng.integers(2, 18, (4, 2)):
            picture[j : j + 5, i : i + 5] = 0.9
        contests.append(contest(score, picture, map_of(rng), seed))
    return verdict(compare(contests, [str(n) for n in range(pictures)])[0], collapsed=True, pictures=pictures)


def test_the_true_map_of_a_model_that_looks_at_the_corner_beats_every_rival_that_counts():
    truth = block_means(region_mask(CORNER), (COARSE, COARSE))
    found = judged(reader_of(CORNER), lambda _: truth)
    assert found.show
    assert "better than the picture's middle and edges" in found.sentence


def test_patches_at_random_and_a_map_that_is_the_same_everywhere_do_not_beat_chance():
    score = reader_of(CORNER)
    blobs = judged(score, lambda rng: noise((4, 4), (COARSE, COARSE), rng))
    constant = judged(score, lambda _: np.full((COARSE, COARSE), 0.5, np.float32))
    for found in (blobs, constant):
        assert not found.show
        assert "no better than a random map as coarse as itself" in found.sentence


def test_a_true_map_cut_off_at_zero_gains_nothing_from_the_places_it_leaves_equal():
    # Half of the picture is equal. Were those pixels scattered, they would bring back a whole picture's worth of outline at once.
    heat = np.zeros((COARSE, COARSE), np.float32)
    heat[:2] = 1
    ties = noise((3, 3), (SIDE, SIDE), np.random.default_rng(2))
    order = ranking(spread(heat, (SIDE, SIDE)), ties)
    equal = order[SIDE * SIDE // 4 :][: SIDE * SIDE // 4]
    shown = np.zeros(SIDE * SIDE, bool)
    shown[equal] = True
    borders = np.count_nonzero(np.diff(shown.reshape(SIDE, SIDE).astype(int), axis=1))
    assert borders < 0.1 * equal.size  # of scattered pixels nearly every other one would be a border


def test_scattered_pixels_bring_a_picture_back_at_once_and_hide_little_of_it_whatever_they_know():
    # A model that recognises its picture by the shape of its parts, all of them equally: no map can know anything of it.
    rng = np.random.default_rng(4)
    whole = noise((8, 8), (SIDE, SIDE), rng)
    parts = block_means(whole, (8, 8))

    def score(picture):
        return float(max(0.0, np.corrcoef(block_means(picture, (8, 8)).ravel(), parts.ravel())[0, 1]))

    base = np.full_like(whole, whole.mean()) + 1e-3 * rng.random(whole.shape, np.float32)
    patches, pixels = (areas(score, whole, noise((n, n), whole.shape, rng), np.zeros_like(whole), base) for n in (4, SIDE))
    assert pixels.insertion > patches.insertion + 0.1
    assert pixels.deletion > patches.deletion + 0.1


@pytest.mark.parametrize("cells", [64, 32, 16, 10, 6])
def test_grain_is_known_of_noise_whose_cells_are_known(cells):
    rng = np.random.default_rng(7)
    maps = [noise((cells, cells), (64, 64), rng) for _ in range(12)]
    assert np.mean([grain_of(heat) for heat in maps]) == pytest.approx(64 / cells, rel=0.12)
    assert np.mean([cells_of(heat) for heat in maps]) == pytest.approx(cells, rel=0.12)


def test_grain_is_each_axiss_own_and_hangs_on_the_order_of_values_alone():
    rng = np.random.default_rng(8)
    heat = noise((8, 24), (64, 64), rng)
    down, across = grain_of(heat)
    assert down > 2 * across
    assert grain_of(np.exp(9 * heat)) == pytest.approx((down, across))
    assert cells_of(np.full((64, 48), 0.3, np.float32)) == (64, 48)
    assert min(cells_of(np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64))) == 2


def test_areas_are_those_of_the_curve_worked_out_by_hand():
    # All of the score sits in the first quarter of the order: insertion rises to 1 within a quarter of the way, deletion falls so.
    picture = np.zeros((8, 8), np.float32)
    picture[:2] = 1
    importance = np.repeat(np.arange(8, 0, -1, dtype=np.float32), 8).reshape(8, 8)
    found = areas(lambda p: float(p[:2].mean()), picture, importance, np.zeros_like(picture), np.zeros_like(picture), steps=8)
    assert found.insertion == pytest.approx(1 - 0.125)
    assert found.deletion == pytest.approx(0.125)


def test_equal_importance_gives_no_order_by_place():
    order = ranking(np.ones((16, 16), np.float32), np.zeros((16, 16), np.float32))
    assert sorted(order) == list(range(256))
    assert abs(np.corrcoef(order, np.arange(256))[0, 1]) < 0.2


def test_energy_is_the_share_of_what_is_positive():
    heat = np.array([[2, -5], [1, 1]], np.float32)
    assert energy_inside(heat, np.array([[True, True], [False, False]])) == 0.5
    assert np.isnan(energy_inside(-heat.clip(0, None), np.ones((2, 2), bool)))


def test_maps_are_spread_without_moving():
    coarse = np.zeros((4, 4), np.float32)
    coarse[1, 2] = 1
    fine = spread(coarse, (64, 64))
    centre = np.average(np.argwhere(fine > 0), axis=0, weights=fine[fine > 0])
    assert centre == pytest.approx((1.5 * 16 - 0.5, 2.5 * 16 - 0.5), abs=0.01)
    assert block_means(centre_map((64, 64)), (4, 4)).mean() == pytest.approx(centre_map((64, 64)).mean(), abs=1e-6)


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_network((slice(8, 56), slice(8, 56))))
    return path


def cams(content: bytes, pictures):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return [session.run(["cam"], {"image": picture[None, None]})[0][0] for picture in pictures]


def test_randomising_weights_from_the_top_ends_with_every_one_of_the_maps_own_layers(network):
    steps = list(randomised_networks(network, ("cam", "logit"), seed=1))
    assert [step.groups for step in steps] == list(range(1, steps[-1].of + 1))
    assert steps[-1].share == 1
    import onnx
    from onnx import numpy_helper

    first, last = (
        {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(x).graph.initializer}
        for x in (network.read_bytes(), steps[-1].content)
    )
    assert all(np.any(first[name] != last[name]) for name in ("w1", "w2", "w3"))
    assert np.array_equal(first["lungs"], last["lungs"])
    top = {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(steps[0].content).graph.initializer}
    assert np.any(top["w3"] != first["w3"])
    assert np.array_equal(top["w1"], first["w1"])


def test_a_map_that_shows_the_picture_alone_survives_randomised_weights(tmp_path):
    rng = np.random.default_rng(5)
    region = (slice(8, 56), slice(8, 56))
    pictures = [tiny_radiograph(True, region, rng) for _ in range(3)]
    path = tmp_path / "pretender.onnx"
    path.write_bytes(tiny_network(region, honest=False))
    before = cams(path.read_bytes(), pictures)
    *_, last = randomised_networks(path, ("cam", "logit"), seed=2)
    assert np.mean([rank_correlation(a, b) for a, b in zip(before, cams(last.content, pictures), strict=True)]) > 0.99


def test_similarities_of_equal_and_of_unrelated_maps():
    rng = np.random.default_rng(6)
    a, b = rng.random((2, 24, 24)).astype(np.float32)
    assert rank_correlation(a, np.exp(3 * a)) == pytest.approx(1)
    assert abs(rank_correlation(a, b)) < 0.1
    assert rank_correlation(a, np.zeros_like(a)) == 0
    assert structural_similarity(a, 5 * a + 2) == pytest.approx(1)
    assert structural_similarity(a, b) < 0.2


def comparisons(low):
    return [
        Comparison(rival, test, base, Interval(low[rival] + 0.05, low[rival], low[rival] + 0.1))
        for rival in low
        for test in ("insertion", "deletion")
        for base in ("blurred", "mean")
    ]


def test_the_verdict_follows_its_rule():
    good = verdict(comparisons({RANDOM: 0.1, FINER: 0.1, CENTRE: 0.02, EDGE: -0.1}), collapsed=True, pictures=40)
    assert good.show
    assert "not always better than edges" in good.sentence
    weak = verdict(comparisons({RANDOM: 0.1, CENTRE: -0.01, EDGE: 0.1}), collapsed=True, pictures=40)
    assert not weak.show
    assert "no better than a blob in the middle" in weak.sentence
    finer = verdict(comparisons({RANDOM: 0.1, FINER: -0.01, CENTRE: 0.1}), collapsed=True, pictures=40)
    assert not finer.show
    assert "no better than a random map half as coarse" in finer.sentence
    assert not verdict(comparisons({RANDOM: 0.1, CENTRE: 0.02}), collapsed=False, pictures=40).show
    assert not verdict([], collapsed=True, pictures=0).show
    one_failure = comparisons({RANDOM: 0.1, CENTRE: 0.02})
    one_failure[0] = Comparison(RANDOM, "insertion", "blurred", Interval(0.0, -0.01, 0.1))
    assert not verdict(one_failure, collapsed=True, pictures=40).show
    everything = verdict(comparisons(dict.fromkeys(RIVALS, 0.1)), collapsed=True, pictures=40)
    assert everything.sentence.endswith("better than chance and better than the picture's middle and edges.")


def test_side_of_the_tiny_network_is_what_the_tests_assume(network):
    outputs = {o.name: o.shape for o in onnxruntime.InferenceSession(network.read_bytes()).get_outputs()}
    assert outputs["mask"] == [1, SIDE, SIDE]
    assert outputs["cam"] == [1, COARSE, COARSE]


def test_the_settings_of_a_graph_are_no_weights_and_stay(tmp_path):
    from onnx import TensorProto, helper, numpy_helper

    kernel = np.random.default_rng(3).normal(size=(1, 1, 3, 3)).astype(np.float32)
    scales = np.array([1, 1, 2, 3], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "kernel"], ["found"], pads=[1, 1, 1, 1]),
            helper.make_node("Resize", ["found", "", "scales"], ["heatmap"], mode="nearest"),
        ],
        "resized",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("heatmap", TensorProto.FLOAT, [1, 1, 16, 24])],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(scales, "scales")],
    )
    path = tmp_path / "model.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString())
    *_, last = randomised_networks(path, ("heatmap",), seed=1)
    import onnx

    found = {t.name: numpy_helper.to_array(t) for t in onnx.load_model_from_string(last.content).graph.initializer}
    assert (found["scales"] == scales).all()
    assert not np.allclose(found["kernel"], kernel)
