"""The ``[data]`` of a recipe: where examples come from. ``folder`` counts from the recipe; ``--data`` replaces it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from medviewer.training.recipe_kinds.tables import Strict


def _one_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    if groups != 1:
        raise ValueError(f"{pattern!r} needs exactly one group, the part of the file's name that names the subject")
    return pattern


SubjectPattern = Annotated[str, AfterValidator(_one_group)]


class Generated(Strict):
    """Examples that are made in code, the same for the same seed, and written into the run's folder ``data``."""

    source: Literal["generated"]
    subjects: int = Field(default=100, ge=10, description="how many; each has two pictures, or one volume")
    flaws: bool = Field(default=False, description="plant a duplicate, a damaged file, an unlabelled one, a subject in two splits")


class ClassFolders(Strict):
    """A folder for each class, named like it, with PNG, JPEG or DICOM files at any depth."""

    source: Literal["classes"]
    folder: str = Field(default="", description="holds the folders of the classes")
    subject: SubjectPattern | None = Field(default=None, description="regular expression whose group in a file's name is the subject")


class Table(Strict):
    """A CSV table with the columns file, label, subject and, where splits are given, split (train, tune or kept)."""

    source: Literal["table"]
    folder: str = Field(default="", description="holds the table; files count from here")
    table: str = Field(default="labels.csv", description="the table's name")


class Pairs(Strict):
    """Two folders with files of the same names: images (NIfTI, or a folder of DICOM each) and label maps (NIfTI or SEG)."""

    source: Literal["pairs"]
    folder: str = Field(default="", description="holds the two folders")
    images: str = Field(default="images", description="the images' folder")
    labels: str = Field(default="labels", description="the label maps' folder")
    subject: SubjectPattern | None = Field(default=None, description="regular expression whose group in a name is the subject")


class Accepted(Strict):
    """What a person accepted in the viewer and saved: SEG files with their reports, and the images they were drawn on.

    A segmentation counts only if a report beside it, verified by a named person, refers to it.
    """

    source: Literal["accepted"]
    folder: str = Field(default="", description="holds saved results and images at any depth")


PictureSource = Annotated[Generated | ClassFolders | Table, Field(discriminator="source")]
VolumeSource = Annotated[Generated | Pairs | Accepted, Field(discriminator="source")]
