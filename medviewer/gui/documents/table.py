"""Which page shows which kind of object. To add a kind: its page in a file of this folder, and its row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLoggingCategory
from PySide6.QtWidgets import QWidget

from medviewer.core.errors import CannotPlay
from medviewer.core.progress import Progress
from medviewer.core.study import Stack, StackKind

if TYPE_CHECKING:
    from medviewer.gui.desk import Desk


@dataclass(frozen=True, slots=True)
class PageKind:
    """How one kind of object is shown.

    read : in a job; what it returns goes to ``make``. Raises a `MedviewerError` for what can't be read.
    make : in Qt's thread, at once. The page may have a method ``leave``, called before it is taken away.
    icon : of its card in the browser.
    """

    id: str
    words: str
    icon: str
    fits: Callable[[Stack], bool]
    read: Callable[[Stack, Progress], Any]
    make: Callable[[Any, Stack, Desk], QWidget]


def _read_tags(stack: Stack, progress: Progress) -> Any:
    from medviewer.app.documents import read_described

    return read_described(stack, progress)


def _tag_page(described: Any, stack: Stack, desk: Desk) -> QWidget:
    from medviewer.gui.documents.tag_page import TagPage

    return TagPage(described.read, stack.images[0].file, desk.session.jobs, desk.main, described.summary)


def _read_report(stack: Stack, progress: Progress) -> Any:
    from medviewer.app.documents import read_report

    return read_report(stack, progress)


def _report_page(report: Any, stack: Stack, desk: Desk) -> QWidget:
    from medviewer.gui.documents.report_page import ReportPage

    return ReportPage(report, desk, pictures=stack.sop_class_uid == KEY_OBJECT_SELECTION)


def _read_enclosed(stack: Stack, progress: Progress) -> Any:
    from medviewer.app.documents import read_enclosed_file

    return read_enclosed_file(stack, progress)


def _enclosed_page(file: Any, stack: Stack, desk: Desk) -> QWidget:
    from medviewer.gui.documents.enclosed_page import enclosed_page

    del stack
    return enclosed_page(file, desk)


def _read_waveform(stack: Stack, progress: Progress) -> Any:
    from medviewer.app.documents import read_waveform_of

    return read_waveform_of(stack, progress)


def _waveform_page(waveform: Any, stack: Stack, desk: Desk) -> QWidget:
    from medviewer.gui.documents.waveform_page import WaveformPage

    del stack, desk
    return WaveformPage(waveform)


def _read_video(stack: Stack, progress: Progress) -> Any:
    from medviewer.app.documents import read_video_of

    return read_video_of(stack, progress)


def _video_page(video: Any, stack: Stack, desk: Desk) -> QWidget:
    del stack, desk
    # FFmpeg prints what it finds in a container, texts about the patient included, to standard error.
    QLoggingCategory.setFilterRules("qt.multimedia*=false")
    try:
        from medviewer.gui.documents.video_page import VideoPage
    except ImportError as error:  # a system library that it links against isn't there
        video.stream.close()
        raise CannotPlay(f"This video can't be played: {error}. Run packaging/run once more, which installs what is missing.") from error
    return VideoPage(video)


def _read_state(stack: Stack, progress: Progress) -> Any:
    from medviewer.app.overlays import read_overlay
    from medviewer.core.overlay import OverlayKind

    return read_overlay(OverlayKind.PRESENTATION, stack.images[0].file, progress)


def _state_page(state: Any, stack: Stack, desk: Desk) -> QWidget:
    from medviewer.gui.documents.presentation_page import PresentationPage

    del stack, desk
    return PresentationPage(state)


def _of_kind(kind: StackKind) -> Callable[[Stack], bool]:
    return lambda stack: stack.kind is kind


KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
TAGS = PageKind("tags", "Tags", "list", lambda _: True, _read_tags, _tag_page)
"""What shows everything that has no page of its own, and whatever a page of its own can't read."""

PAGES: tuple[PageKind, ...] = (
    PageKind("report", "Report", "report", _of_kind(StackKind.REPORT), _read_report, _report_page),
    PageKind("enclosed", "Document", "file", _of_kind(StackKind.DOCUMENT), _read_enclosed, _enclosed_page),
    PageKind("waveform", "Waveform", "waveform", _of_kind(StackKind.WAVEFORM), _read_waveform, _waveform_page),
    PageKind("video", "Video", "video", _of_kind(StackKind.VIDEO), _read_video, _video_page),
    PageKind("presentation", "Presentation state", "list", _of_kind(StackKind.PRESENTATION), _read_state, _state_page),
    TAGS,
)


def page_kind(stack: Stack) -> PageKind:
    """The first row that fits a stack; the last one always does."""
    return next(row for row in PAGES if row.fits(stack))
