"""What the program does with objects that are no plain images: what is drawn on images, documents, repairs, uptake."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from medviewer.app.cine import stack_timing
from medviewer.app.companions import Companions, is_companion
from medviewer.app.documents import open_images, read_enclosed_file, read_report, read_video_of, read_waveform_of
from medviewer.app.object_places import place_of
from medviewer.app.overlays import Overlay, read_overlay
from medviewer.app.repair import Repair, ResampledReader, offers, resampled_stack, split_stack
from medviewer.app.standalone import on_its_own
from medviewer.app.suv import series_suv
from medviewer.core.overlay import PlaneStack, ScalarOverlay, SegmentationOverlay, StructureOverlay
from medviewer.core.progress import Progress
from medviewer.core.study import Scan, Stack, StackKind
from medviewer.core.suv import NoSuv
from medviewer.dicom.frames import ImageReader
from medviewer.dicom.objects.cda import cda_html, decoded_xml
from medviewer.dicom.objects.companion_header import overlay_kind
from medviewer.dicom.objects.enclosed import EnclosedKind
from medviewer.dicom.tile_matrix import tile_matrix
from medviewer.dicom.whole_image import put_together

from .sentences import Said

Step = Callable[[], object]
MOST_VOXELS, MOST_TILES = 1 << 22, 40


def steps_of(scan: Scan, stack: Stack) -> Iterator[Step]:
    """Each costs only itself when it is refused."""
    if is_companion(stack):
        yield lambda: _overlay(stack)
        yield lambda: Companions().images_for(scan, stack, Progress())
    elif stack.kind.has_images:
        yield lambda: Companions().of(scan, stack, Progress())
    yield from _document_steps(stack)
    if stack.kind is StackKind.VIDEO:
        yield lambda: _video(stack)
    if stack.kind.has_images and len(stack.files) == 1 and 1 < len(stack.images) <= MOST_TILES:
        yield lambda: _slide(stack)
        yield lambda: stack_timing(stack)
    if stack.modality == "PT":
        yield lambda: _uptake(stack)
    for offer in offers(stack):
        yield (lambda: _resample(stack)) if offer.repair is Repair.RESAMPLE else (lambda: split_stack(stack, 100))
    yield lambda: open_images(scan)


def _document_steps(stack: Stack) -> Iterator[Step]:
    if stack.kind in (StackKind.REPORT, StackKind.PRESENTATION):
        yield lambda: read_report(stack, Progress())
    if stack.kind is StackKind.DOCUMENT:
        yield lambda: _document(stack)
    if stack.kind is StackKind.WAVEFORM:
        yield lambda: _waveform(stack)


def _overlay(stack: Stack) -> None:
    kind = overlay_kind(stack.sop_class_uid)
    assert kind is not None
    overlay = read_overlay(kind, stack.images[0].file, Progress())
    _check(overlay)
    place_of(overlay, None)
    on_its_own(stack, overlay)


def _check(overlay: Overlay) -> None:
    """What is drawn lies somewhere."""
    placed: tuple[PlaneStack, ...] = ()
    if isinstance(overlay, SegmentationOverlay):
        placed = tuple(overlay.layers)
    elif isinstance(overlay, ScalarOverlay):
        placed = tuple(overlay.stacks)
        assert np.isfinite([overlay.low, overlay.high]).all(), "the range of values is no number"
    elif isinstance(overlay, StructureOverlay):
        for roi in overlay.rois:
            assert all(np.isfinite(contour.points_lps).all() for contour in roi.contours), "a contour is no number"
    for part in placed:
        assert part.geometry is None or part.array.shape == part.geometry.shape_kji, "planes and geometry differ in shape"


def _document(stack: Stack) -> None:
    enclosed = read_enclosed_file(stack, Progress())
    if enclosed.kind is EnclosedKind.CDA:
        html = cda_html(decoded_xml(enclosed.data))
        assert "<script" not in html.lower(), "a document brings its own script"


def _waveform(stack: Stack) -> None:
    waveform = read_waveform_of(stack, Progress())
    faults = [fault for note in waveform.notes if (fault := Said("note", note, whole=False).fault(())) is not None]
    assert not faults, f"a note {faults[0]}"


def _video(stack: Stack) -> None:
    video = read_video_of(stack, Progress())
    size = video.stream.size
    for at in (0, size // 2, max(size - 100, 0)):
        video.stream.read(at, 100)
    video.stream.close()
    faults = [fault for note in video.notes if (fault := Said("note", note, whole=False).fault(())) is not None]
    assert not faults, f"a note {faults[0]}"


def _slide(stack: Stack) -> None:
    """As the window does where tiles make one image."""
    with ImageReader() as reader:
        matrix = tile_matrix(reader.header(stack.images[0]).elements, len(stack.images))
        if matrix is not None:
            put_together(reader, tuple(sorted(stack.images, key=lambda ref: ref.frame)), matrix)


def _uptake(stack: Stack) -> None:
    try:
        series_suv(stack, Progress())
    except NoSuv as reason:
        words = str(reason)
    else:
        return
    assert words.endswith("."), f"no sentence: {words}"


def _resample(stack: Stack) -> None:
    resampled_stack(stack)
    reader = ResampledReader(stack)
    if reader.volume.stored.size <= MOST_VOXELS:
        reader.read(Progress())
