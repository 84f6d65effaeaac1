"""A package is opened only if every file is what its manifest says; nothing of it is run."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.tiny_models import OPSET, tiny_network, write_tiny_package

from medviewer.core.errors import BadPackage
from medviewer.models.check import check_package
from medviewer.models.onnx_file import NotOnnx, read_onnx_facts
from medviewer.models.package import open_package


@pytest.fixture
def folder(tmp_path):
    return write_tiny_package(tmp_path / "tiny")


def replace_network(folder, content):
    """Another network, with the manifest's digest and size made to match."""
    (folder / "model.onnx").write_bytes(content)
    manifest = folder / "model.toml"
    text = manifest.read_text(encoding="utf-8")
    new = f'network = {{path = "model.onnx", sha256 = "{hashlib.sha256(content).hexdigest()}", bytes = {len(content)}}}'
    manifest.write_text(re.sub(r"network = \{.*\}", new, text), encoding="utf-8")


def test_a_package_in_order_opens_with_the_digest_of_its_network(folder):
    package = open_package(folder)
    assert package.sha256 == hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    assert package.network_path == folder / "model.onnx"
    assert {v: s.algorithm.sha256 for v, s in package.segments.items()} == {1: package.sha256, 2: package.sha256}


def test_one_changed_byte_is_found(folder):
    path = folder / "model.onnx"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadPackage, match=r"SHA-256 of model\.onnx"):
        open_package(folder)
    open_package(folder, verify=False)


def test_a_truncated_file_and_a_missing_one_are_named(folder):
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BadPackage, match="bytes, the manifest says"):
        open_package(folder)
    (folder / "card.md").unlink()
    path.write_bytes(tiny_network())
    with pytest.raises(BadPackage, match=r"card\.md is missing"):
        open_package(folder)


def test_links_are_refused(folder, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    (folder / "extra.txt").symlink_to(outside)
    with pytest.raises(BadPackage, match="link"):
        open_package(folder)


@pytest.mark.parametrize("name", ["weights.pt", "sub/model.pkl", "run.py", "lib.so"])
def test_files_that_may_run_code_are_refused(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x")
    with pytest.raises(BadPackage, match="may hold code"):
        open_package(folder)


def test_bytes_that_are_no_network_are_refused(folder):
    replace_network(folder, b"GIF89a not a network at all")
    with pytest.raises(BadPackage, match="no ONNX model"):
        open_package(folder)


def test_another_opset_than_the_manifests_is_refused(folder):
    model = onnx.load_model_from_string(tiny_network())
    model.opset_import[0].version = OPSET - 1
    replace_network(folder, model.SerializeToString())
    with pytest.raises(BadPackage, match=f"opset {OPSET - 1}, the manifest says {OPSET}"):
        open_package(folder)


def test_weights_in_other_files_are_refused_wherever_they_hide(folder):
    model = onnx.load_model_from_string(tiny_network())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    replace_network(folder, model.SerializeToString())
    with pytest.raises(BadPackage, match="other files"):
        open_package(folder)
    inner = helper.make_graph([helper.make_node("Constant", [], ["c"], value=tensor)], "g", [], [])
    hidden = onnx.load_model_from_string(tiny_network())
    hidden.graph.node.append(helper.make_node("If", ["image"], [], then_branch=inner, else_branch=inner))
    assert read_onnx_facts(hidden.SerializeToString()).external_data


def test_operators_that_are_not_onnx_own_are_refused(folder):
    model = onnx.load_model_from_string(tiny_network())
    model.graph.node.append(helper.make_node("Shell", ["image"], ["s"], domain="com.example"))
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    replace_network(folder, model.SerializeToString())
    with pytest.raises(BadPackage, match=r"com\.example"):
        open_package(folder)


def test_a_network_without_the_manifests_output_is_refused(folder):
    replace_network(folder, tiny_network(sliding=True))
    with pytest.raises(BadPackage, match="no output called labels, confidence, volumes"):
        open_package(folder)


def test_our_reading_of_a_network_agrees_with_onnx():
    content = tiny_network(slow_s=0.01)
    model = onnx.load_model_from_string(content)
    facts = read_onnx_facts(content)
    assert facts.opset == model.opset_import[0].version
    assert facts.inputs == [i.name for i in model.graph.input]
    assert facts.outputs == [o.name for o in model.graph.output]
    inside = sum(len(a.g.node) for n in model.graph.node for a in n.attribute if a.type == onnx.AttributeProto.GRAPH)
    assert facts.nodes == len(model.graph.node) + inside
    assert facts.custom_domains == ()


def test_cut_and_scrambled_networks_are_errors_and_never_anything_else():
    content = tiny_network()
    random = np.random.default_rng(5)
    for _ in range(300):
        damaged = bytearray(content[: random.integers(1, len(content))])
        for at in random.integers(0, len(damaged), 5):
            damaged[at] = random.integers(0, 256)
        try:
            read_onnx_facts(bytes(damaged))
        except NotOnnx:
            continue


def test_check_says_what_is_unwise_and_what_is_wrong(folder):
    package, remarks = check_package(folder)
    assert package is not None
    assert [r.message for r in remarks if "gate" in r.message]
    assert not [r for r in remarks if r.level == "error"]
    (folder / "model.onnx").unlink()
    package, remarks = check_package(folder)
    assert package is None
    assert [r.level for r in remarks] == ["error"]


def test_sparse_and_plain_tensors_are_both_looked_at():
    dense = numpy_helper.from_array(np.ones(2, np.float32), "d")
    dense.data_location = TensorProto.EXTERNAL
    indices = numpy_helper.from_array(np.arange(2), "i")
    model = onnx.load_model_from_string(tiny_network())
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(dense, indices, [4]))
    assert read_onnx_facts(model.SerializeToString()).external_data
