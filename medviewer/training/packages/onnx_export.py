"""PyTorch to ONNX, the same bytes for the same weights."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    import onnx


def export_module(module: nn.Module, example: Tensor, outputs: Sequence[str], target: Path, dynamic: dict[int, Any] | None = None) -> None:
    """Write a module of one input ``image`` as one ONNX file without what says on whose machine it was made."""
    _program(module, {"image": example}, outputs, {"image": dynamic} if dynamic else None).save(str(target), external_data=False)


def exported_graph(
    module: nn.Module, examples: Mapping[str, Tensor], outputs: Sequence[str], dynamic: Mapping[str, dict[int, Any]]
) -> onnx.ModelProto:
    """The same in memory, of any number of inputs; names are those of the arguments of ``forward``."""
    model: onnx.ModelProto = _program(module, examples, outputs, dict(dynamic)).model_proto
    return model


def _program(module: nn.Module, examples: Mapping[str, Tensor], outputs: Sequence[str], dynamic: dict[str, dict[int, Any]] | None) -> Any:
    """The exporter notes the source lines and file paths that every node came from; they are taken out again, for privacy
    and so that two machines write the same bytes.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision, which nobody asked for
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(examples.values()),
            input_names=list(examples),
            output_names=list(outputs),
            dynamic_shapes=dynamic,
            dynamo=True,
            external_data=False,
            optimize=True,
            verbose=False,
        )
    assert program is not None
    _forget_origin(program.model)
    return program


def _forget_origin(model: Any) -> None:
    model.metadata_props.clear()
    model.doc_string = None
    for graph in (model.graph, *(function.graph for function in model.functions.values())):
        graph.metadata_props.clear()
        graph.doc_string = None
        for node in graph:
            node.metadata_props.clear()
            node.doc_string = None
            for value in node.outputs:
                value.metadata_props.clear()
        for value in (*graph.inputs, *graph.initializers.values()):
            value.metadata_props.clear()
