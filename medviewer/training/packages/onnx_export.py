"""PyTorch to ONNX, the same bytes for the same weights."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def export_module(module: nn.Module, example: Tensor, outputs: Sequence[str], target: Path, dynamic: dict[int, Any] | None = None) -> None:
    """Write a module of one input ``image`` as one ONNX file without what says on whose machine it was made.

    The exporter notes the source lines and file paths that every node came from; they are taken out again, for privacy
    and so that two machines write the same bytes.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision, which nobody asked for
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            (example,),
            input_names=["image"],
            output_names=list(outputs),
            dynamic_shapes={"image": dynamic} if dynamic else None,
            dynamo=True,
            external_data=False,
            optimize=True,
            verbose=False,
        )
    assert program is not None
    _forget_origin(program.model)
    program.save(str(target), external_data=False)


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
