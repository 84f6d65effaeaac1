"""What the host does for its parent: open, run, compare, probe."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from medviewer.core.errors import BadPackage, ModelFailed
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress, ProgressState
from medviewer.core.volume import Rescale, Volume, VolumeSource
from medviewer.imaging.resample import resample_labels, resample_linear
from medviewer.inference.families.answer import Answer
from medviewer.inference.families.table import refuse_unsupported, run_family
from medviewer.inference.memory import peak_bytes
from medviewer.inference.messages import (
    Advance,
    ArrayOutput,
    GateOutput,
    NumbersOutput,
    OfferedArray,
    Open,
    Opened,
    Probed,
    Result,
    Run,
    VolumeRef,
)
from medviewer.inference.mirrored import passes_wished
from medviewer.inference.sessions import Network, Networks, Stop
from medviewer.inference.shared_arrays import attach
from medviewer.models.manifest import Manifest

_FINISH = 0.7
"""Share of a run's progress at which the answer goes back to the image's grid."""
_REPORT_S = 0.1


class Jobs:
    """Holds the opened package and does the parent's jobs one after another."""

    def __init__(self, send: Callable[[BaseModel], None]) -> None:
        self._send = send
        self._networks = Networks()
        self._network: Network | None = None

    def progress(self, job: int) -> Progress:
        """A progress whose reports go to the parent, at most ten a second and every new text."""
        last, text = -_REPORT_S, ""

        def tell(state: ProgressState) -> None:
            nonlocal last, text
            now = time.monotonic()
            if now - last >= _REPORT_S or state.fraction == 1.0 or state.text != text:
                last, text = now, state.text
                self._send(Advance(job=job, done=state.fraction or 0.0, of=1.0, text=state.text))

        return Progress(tell)

    def open(self, message: Open) -> Opened:
        """Load a package; raises `BadPackage`, `DeviceNotUsable` or `ModelFailed`."""
        self._network = None
        network = self._networks.open(Path(message.package), message.device)
        refuse_unsupported(network.package.manifest)
        self._network = network
        return Opened(package=network.package.id, provider=network.provider, verified=True, note=network.note)

    def probe(self, provider: str) -> Probed:
        """Whether a provider computes, and the same as the processor."""
        from medviewer.inference.probing import probe

        return probe(provider)

    def run(self, message: Run, progress: Progress, stop: Stop) -> Result:
        """Run the opened package; raises `Cancelled` or `ModelFailed`."""
        network = self._network
        if network is None:
            raise ModelFailed("No package is open.", "protocol")
        if message.options.mode == "golden":
            return _golden(network, message.job, stop)
        (reference,) = message.inputs
        volume = _volume(reference)
        answer = run_family(_as_wished(network, message.options.mirror), volume, progress.part(0.0, _FINISH), stop)
        began = time.monotonic()
        offered = {entry.name: entry for entry in message.options.outputs}
        arrays = _write_outputs(answer, volume.geometry, offered, progress.part(_FINISH, 1.0))
        progress.report(1.0, "Done")
        gate = GateOutput(accepted=answer.gate.accepted, score=answer.gate.score, reason=answer.gate.reason)
        numbers = [
            NumbersOutput(name="volumes_ml", values={str(k): v for k, v in answer.volumes_ml.items()}),
            NumbersOutput(name="confidence", values={str(k): v for k, v in answer.confidence.items()}),
            NumbersOutput(name="scores", values=dict(answer.scores)),
            NumbersOutput(name="gate_scores", values=dict(answer.gate_scores)),
        ]
        seconds = {"prepare": answer.seconds["prepare"], "infer": answer.seconds["infer"], "finish": time.monotonic() - began}
        return Result.model_validate(
            {"job": message.job, "outputs": (gate, *arrays, *numbers), "seconds": seconds, "peak_bytes": peak_bytes()}
        )


def _as_wished(network: Network, mirror: bool | None) -> Network:
    """The network, run over mirror images too or not, as a person or else its manifest wants it."""
    return replace(network, package=replace(network.package, manifest=passes_wished(network.package.manifest, mirror)))


def _volume(reference: VolumeRef) -> Volume:
    stored = attach(reference.array)
    k, j, i = stored.shape
    geometry = Geometry((k, j, i), np.array(reference.index_to_lps).reshape(4, 4))
    rescales = tuple(Rescale(entry.slope, entry.intercept, entry.unit) for entry in reference.rescales)
    source = VolumeSource(
        modality=reference.modality, body_part=reference.body_part, view=reference.view, is_colourful=reference.is_colourful
    )
    each = rescales if len(rescales) > 1 else ()
    return Volume(stored, geometry, rescales[0], source, each, padding=reference.padding)


def _write_outputs(answer: Answer, target: Geometry, offered: Mapping[str, OfferedArray], progress: Progress) -> list[ArrayOutput]:
    """Labels and heatmap on the image's grid, into the memory offered for them."""
    if answer.geometry is target:
        return _copied(answer, offered)
    written = []
    if answer.labels is not None and answer.geometry is not None and "labels" in offered:
        entry = offered["labels"]
        resample_labels(answer.labels, answer.geometry, target, progress.part(0.0, 0.6), out=_bytes(entry))
        written.append(ArrayOutput(name="labels", array=entry.array))
    if answer.heatmap is not None and answer.geometry is not None and "heatmap" in offered:
        entry = offered["heatmap"]
        resample_linear(answer.heatmap, answer.geometry, target, out=_bytes(entry), progress=progress.part(0.6, 1.0))
        written.append(ArrayOutput(name="heatmap", array=entry.array))
    return written


def _copied(answer: Answer, offered: Mapping[str, OfferedArray]) -> list[ArrayOutput]:
    """What is on the image's grid already."""
    written = []
    for name, values in (("labels", answer.labels), ("heatmap", answer.heatmap)):
        if values is not None and name in offered:
            _bytes(offered[name])[...] = values
            written.append(ArrayOutput(name=name, array=offered[name].array))
    return written


def _bytes(entry: OfferedArray) -> NDArray[np.uint8]:
    array = attach(entry.array)
    if array.dtype != np.uint8:
        raise ModelFailed(f"{entry.name} was offered as {array.dtype}, not uint8.", "protocol")
    return array.view(np.uint8)


def _golden(network: Network, job: int, stop: Stop) -> Result:
    """How far the network's answer to the package's own input is from the answer the package keeps."""
    manifest, folder = network.package.manifest, network.package.folder
    if manifest.golden is None:
        raise BadPackage(f"Package {manifest.model.id} has no golden input and output.")
    feed, expected = (_arrays(folder / path, manifest) for path in (manifest.golden.input, manifest.golden.output))
    began = time.monotonic()
    found = network.run(feed, sorted(expected), stop)
    numbers = {name: _difference(expected[name], found[name]) for name in expected}
    seconds = {"prepare": 0.0, "infer": time.monotonic() - began, "finish": 0.0}
    outputs = (GateOutput(accepted=True), NumbersOutput(name="differences", values=numbers))
    return Result.model_validate({"job": job, "outputs": outputs, "seconds": seconds, "peak_bytes": peak_bytes()})


def _arrays(path: Path, manifest: Manifest) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (OSError, ValueError) as error:
        raise BadPackage(f"{path.name} of package {manifest.model.id} can't be read: {error}.") from error


def _difference(expected: NDArray[Any], found: NDArray[Any]) -> float:
    """0 for equal. uint8: mean share of voxels that differ by more than 1; else the largest difference over the largest value."""
    if expected.shape != found.shape:
        raise ModelFailed(f"The golden output has shape {expected.shape}, the model gave {found.shape}.", "output")
    gap = np.abs(expected.astype(np.float64) - found.astype(np.float64))
    if expected.dtype == np.uint8:
        return float(np.mean(gap > 1))
    return float(gap.max() / max(float(np.abs(expected).max()), 1e-12))
