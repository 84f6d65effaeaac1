"""What training can refuse, each with a sentence that says what to do."""

from __future__ import annotations

from medviewer.core.errors import MedviewerError


class BadRecipe(MedviewerError):
    """A recipe is missing, isn't TOML, or holds something that no recipe has."""

    exit_code = 2


class BadTrainingData(MedviewerError):
    """The data can't train anything: not there, without a table, or nothing left after cleaning."""

    exit_code = 3


class CannotResume(MedviewerError):
    """There is a checkpoint, and it isn't this run's."""

    exit_code = 6


class TrainingFailed(MedviewerError):
    """Training went astray: the loss is no number any more."""

    exit_code = 5
