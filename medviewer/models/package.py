"""Opening a model package: a folder with a manifest, a network, and whatever the manifest lists."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from medviewer.core.errors import BadPackage
from medviewer.core.segmentation import Algorithm, Segment
from medviewer.models.manifest import MANIFEST_NAME, Manifest, read_manifest
from medviewer.models.manifest_entries import FileEntry
from medviewer.models.onnx_file import NotOnnx, read_onnx_facts

PICKLES = frozenset({".bin", ".ckpt", ".dill", ".joblib", ".pickle", ".pkl", ".pt", ".pth", ".npy", ".py", ".pyc", ".so", ".dll", ".dylib"})
"""Files that run code, or may when they are loaded; a package that has one isn't opened."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package. ``sha256`` is the network's digest; ``segments`` by label value."""

    manifest: Manifest
    folder: Path
    sha256: str
    segments: Mapping[int, Segment]

    @property
    def network_path(self) -> Path:
        """The ONNX file."""
        return self.folder / self.manifest.files.network.path

    @property
    def id(self) -> str:
        """The model's id."""
        return self.manifest.model.id

    @property
    def name(self) -> str:
        """The model's English name."""
        return self.manifest.model.name["en"]


def open_package(folder: Path, *, verify: bool = True) -> Package:
    """Open a package and make sure that it is what its manifest says.

    With ``verify``, every listed file's size and SHA-256 are compared and the network is looked through: its
    operator set is the manifest's, its operators are ONNX's own, its weights are in the file, its inputs and
    outputs have the manifest's names. Nothing of it is run.
    Raises `BadPackage` with the reason.
    """
    manifest = read_manifest(folder / MANIFEST_NAME)
    _refuse_links_and_code(folder, manifest)
    network = manifest.files.network
    if verify:
        for entry in manifest.files.listed():
            _verify_file(folder, entry, manifest.model.id)
        verify_network((folder / network.path).read_bytes(), manifest)
    model = manifest.model
    algorithm = Algorithm(model.id, model.version, network.sha256, model.name["en"])
    return Package(manifest, folder, network.sha256, MappingProxyType(manifest.core_segments(algorithm)))


def verify_network(content: bytes, manifest: Manifest) -> None:
    """Compare the bytes of a network with its manifest; raises `BadPackage`.

    The host calls this on the very bytes it loads, so that a file swapped after the first look isn't run.
    """
    name = f"{manifest.files.network.path} of package {manifest.model.id}"
    if hashlib.sha256(content).hexdigest() != manifest.files.network.sha256:
        raise BadPackage(f"{name} is damaged: its SHA-256 isn't the manifest's. It was not loaded; install the package again.")
    try:
        facts = read_onnx_facts(content)
    except NotOnnx as error:
        raise BadPackage(f"{name} is no ONNX model: {error}.") from error
    if facts.external_data:
        raise BadPackage(f"{name} keeps weights in other files, which isn't allowed. Save the model as one file.")
    if facts.custom_domains:
        raise BadPackage(f"{name} uses operators that aren't ONNX's own: {', '.join(facts.custom_domains)}.")
    if facts.opset != manifest.runtime.opset:
        raise BadPackage(f"{name} has opset {facts.opset}, the manifest says {manifest.runtime.opset}.")
    for kind, listed, found in (("input", manifest.input, facts.inputs), ("output", manifest.output, facts.outputs)):
        missing = [entry.name for entry in listed if entry.name not in found]
        if missing:
            raise BadPackage(f"{name} has no {kind} called {', '.join(missing)}; it has {', '.join(found)}.")


def _refuse_links_and_code(folder: Path, manifest: Manifest) -> None:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_symlink():
            raise BadPackage(f"Package {manifest.model.id} was not opened: {inside} is a link, and a package has none.")
        if path.suffix.lower() in PICKLES:
            raise BadPackage(f"Package {manifest.model.id} was not opened: {inside} may hold code. Networks are ONNX files.")


def _verify_file(folder: Path, entry: FileEntry, model_id: str) -> None:
    path = folder / entry.path
    if not path.is_file():
        raise BadPackage(f"Package {model_id} is not complete: {entry.path} is missing.")
    size = path.stat().st_size
    if entry.bytes and size != entry.bytes:
        raise BadPackage(f"Package {model_id} is damaged: {entry.path} has {size} bytes, the manifest says {entry.bytes}.")
    if _sha256(path) != entry.sha256:
        raise BadPackage(f"Package {model_id} is damaged: the SHA-256 of {entry.path} isn't the manifest's. It was not loaded.")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
