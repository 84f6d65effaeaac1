"""Everything the program can refuse or fail at, each with a sentence for the reader and an exit code.

Expected trouble raises one of these; any other exception is a defect.
"""

from __future__ import annotations

from pathlib import Path

PARTLY_DONE = 8
"""Exit code when some inputs failed, each named in the result."""


class MedviewerError(Exception):
    """A problem that can be told to a person: what happened, to which file, what to do."""

    exit_code = 1


class NothingReadable(MedviewerError):
    """The input holds nothing that can be opened, or the named study or series isn't there."""

    exit_code = 3

    def __init__(self, path: Path | str, why: str) -> None:
        super().__init__(f"Nothing in {path} could be read: {why}.")
        self.path, self.why = path, why


class CannotDecode(MedviewerError):
    """A file's pixel data could not be turned into an image."""

    exit_code = 3

    def __init__(self, path: Path | str, why: str, code: str = "cannot-decode") -> None:
        super().__init__(f"{path} could not be decoded: {why}.")
        self.path, self.why, self.code = path, why, code


class CannotPlay(MedviewerError):
    """A video can't be played on this machine."""

    exit_code = 7


class NoVolume(MedviewerError):
    """A series was asked for as a volume and doesn't make one."""

    exit_code = 3

    def __init__(self, series: str, why: str) -> None:
        super().__init__(f"Series {series} does not make a volume: {why}.")
        self.series, self.why = series, why


class NoModelFits(MedviewerError):
    """The model doesn't suit the series, or its gate refused the input."""

    exit_code = 4


class BadPackage(MedviewerError):
    """A model package is missing, damaged or against the rules."""

    exit_code = 4


class ModelFailed(MedviewerError):
    """The model's process crashed, hung, ran out of memory or answered nonsense.

    ``code`` is one of ``crashed``, ``hung``, ``memory``, ``protocol``, ``output``, ``failed``.
    """

    exit_code = 5

    def __init__(self, message: str, code: str = "failed") -> None:
        super().__init__(message)
        self.code = code


class CannotWrite(MedviewerError):
    """The output can't be written, or something is there already; nothing is ever overwritten."""

    exit_code = 6


class DeviceNotUsable(MedviewerError):
    """A device was asked for by name and can't be used."""

    exit_code = 7


class Cancelled(MedviewerError):
    """The person, or the program's end, cancelled the job."""

    exit_code = 130

    def __init__(self, message: str = "Cancelled.") -> None:
        super().__init__(message)


class UnexpectedFailure(MedviewerError):
    """A defect of the program that was caught where it cost one input only; the log has the traceback."""

    exit_code = 1


class NoDisplay(MedviewerError):
    """A window was asked for and there is no screen to show it on."""

    exit_code = 7
