"""Looking at packages: whether they are what they say, and whether they compute here what they computed elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medviewer.app.model_documents import CheckDocument, CheckedPackage, GoldenEntry, RemarkEntry
from medviewer.app.models import installed_models, why_not_runnable
from medviewer.core.errors import BadPackage, CannotWrite, MedviewerError, ModelFailed, NoModelFits
from medviewer.core.progress import Progress
from medviewer.inference.client import InferenceClient
from medviewer.models.archive import copy_package, write_archive
from medviewer.models.check import Remark, check_package
from medviewer.models.digests import fill_digests, unfilled
from medviewer.models.manifest import MANIFEST_NAME, read_manifest
from medviewer.models.package import Package


def check(target: str, progress: Progress, *, static: bool = False, device: str = "cpu") -> CheckDocument:
    """Look at one package: a folder, or the id of an installed model.

    static : nothing is run; else the golden input goes through the inference host.
    A folder whose digests aren't filled in yet is checked as if they were. Raises `NoModelFits` for an unknown id,
    `Cancelled`; whatever is wrong with the package is in the document.
    """
    folder = Path(target)
    if not folder.is_dir():
        if len(folder.parts) != 1:
            raise NoModelFits(f"There is no folder {target}.")
        try:
            folder = installed_models().get(target).folder
        except BadPackage as error:
            return _document(
                [CheckedPackage(folder=target, remarks=[_remark(Remark("error", str(error)))], exit_code=BadPackage.exit_code)]
            )
    with InferenceClient() as client, _with_digests(folder) as (complete, words):
        return _document([_checked(complete, folder, words, None if static else client, device, progress)])


def verify(progress: Progress, *, static: bool = False, device: str = "cpu") -> CheckDocument:
    """Look at everything that is installed: digests, networks, and (unless static) golden answers."""
    catalogue = installed_models()
    packages = catalogue.packages()
    checked = []
    with InferenceClient() as client:
        for number, package in enumerate(packages):
            share = progress.part(number / len(packages), (number + 1) / len(packages))
            checked.append(_checked(package.folder, package.folder, [], None if static else client, device, share))
    for folder, reason in catalogue.broken():
        checked.append(CheckedPackage(folder=str(folder), remarks=[_remark(Remark("error", reason))], exit_code=BadPackage.exit_code))
    return _document(checked)


def pack(folder: Path, archive: Path | None = None) -> tuple[Path, CheckDocument]:
    """Make a ZIP of a package, its digests filled in, and the same bytes for the same files.

    archive : by default ``ID-VERSION.zip`` in the current folder. Returns it and what was found (nothing is run).
    Raises `BadPackage` for a package with errors, `CannotWrite`.
    """
    manifest = read_manifest(folder / MANIFEST_NAME)
    target = archive or Path(f"{manifest.model.id}-{manifest.model.version}.zip")
    with tempfile.TemporaryDirectory() as working:
        complete = copy_package(folder, Path(working) / "package")
        fill_digests(complete)
        checked = _checked(complete, folder, [], None, "cpu", Progress())
        if not checked.ok:
            raise BadPackage(" ".join(_sentence(remark.message) for remark in checked.remarks if remark.level == "error"))
        write_archive(complete, target)
    return target, _document([checked])


@contextmanager
def _with_digests(folder: Path) -> Iterator[tuple[Path, list[Remark]]]:
    """The folder, or a copy of it with its digests filled in where its author hasn't yet; and what to say of that."""
    try:
        left = unfilled(read_manifest(folder / MANIFEST_NAME))
    except BadPackage:
        left = []
    if not left:
        yield folder, []
        return
    with tempfile.TemporaryDirectory() as working:
        complete = folder
        try:
            complete = copy_package(folder, Path(working) / folder.name)
            fill_digests(complete)
        except (BadPackage, CannotWrite) as error:
            yield folder, [Remark("error", str(error))]
            return
        yield complete, [Remark("warning", f"the digests of {', '.join(left)} aren't filled in yet; medviewer models pack does it")]


def _checked(
    folder: Path, named: Path, said: list[Remark], client: InferenceClient | None, device: str, progress: Progress
) -> CheckedPackage:
    """What there is to say of one package. named : the folder its author knows."""
    package, found = check_package(folder)
    remarks = [*said, *found]
    code = BadPackage.exit_code if any(remark.level == "error" for remark in remarks) else 0
    golden = None
    if package is not None:
        why_not = why_not_runnable(package)
        if why_not is not None:
            remarks.append(Remark("error", why_not))
            code = BadPackage.exit_code
    if package is not None and client is not None and not code and _has_golden(package):
        try:
            golden = _golden(client, package, device, progress)
        except (BadPackage, ModelFailed) as error:
            remarks.append(Remark("error", f"running its golden input failed: {error}"))
            code = error.exit_code
        if golden is not None and not golden.passed:
            worst = max(golden.differences, key=lambda name: golden.differences[name])
            words = f"computes something else here: {worst} differs by {golden.differences[worst]:.3g}, allowed is {golden.tolerance:g}"
            remarks.append(Remark("error", words))
            code = ModelFailed.exit_code
    model_id, version = _identity(folder)
    return CheckedPackage(
        folder=str(named), id=model_id, version=version, remarks=[_remark(r) for r in remarks], golden=golden, exit_code=code
    )


def _identity(folder: Path) -> tuple[str | None, str | None]:
    try:
        model = read_manifest(folder / MANIFEST_NAME).model
    except MedviewerError:
        return None, None
    return model.id, model.version


def _has_golden(package: Package) -> bool:
    golden = package.manifest.golden
    return golden is not None and all((package.folder / path).is_file() for path in (golden.input, golden.output))


def _golden(client: InferenceClient, package: Package, device: str, progress: Progress) -> GoldenEntry:
    from medviewer.inference.golden import run_golden

    found = run_golden(client, package, device, progress)
    return GoldenEntry(passed=found.passed, tolerance=found.tolerance, differences=dict(found.differences), provider=found.provider)


def _document(packages: list[CheckedPackage]) -> CheckDocument:
    return CheckDocument(schema="medviewer/check/1", ok=all(package.ok for package in packages), packages=packages)


def _remark(remark: Remark) -> RemarkEntry:
    return RemarkEntry(level=remark.level, message=remark.message)


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words}."
