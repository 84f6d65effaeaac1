"""The sample study: made on first use, kept, and clearly synthetic."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from medviewer.core.progress import Progress
from medviewer.library.paths import home_folder

DEMO_MODEL = "brain-structures"
SAMPLE = "sample-head-1"


def sample_study(progress: Progress) -> Path:
    """The folder of the sample study; it takes a few seconds to make the first time.

    It appears under its name only when complete, so a cancelled first try leaves nothing half done.
    """
    folder = home_folder() / "samples" / SAMPLE
    if folder.is_dir():
        return folder
    from medviewer.dicom.objects.sample_mr import write_sample_mr
    from medviewer.imaging.sample_head import sample_geometry, sample_head

    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{SAMPLE}-", dir=folder.parent))
    try:
        progress.report(0.0, "Computing the sample head")
        stored = sample_head()
        write_sample_mr(part, stored, sample_geometry(), SAMPLE, progress.part(0.5, 1.0))
        if not folder.exists():
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder
