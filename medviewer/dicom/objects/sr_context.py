"""What the findings of one report stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from medviewer.core.errors import CannotWrite
from medviewer.core.finding import Finding
from medviewer.core.segmentation import Segmentation
from medviewer.dicom.objects.acceptance import Acceptance
from medviewer.dicom.objects.identity import same_study
from medviewer.dicom.objects.source_images import SourceImage, images_by_slice, picture_among, source_images
from medviewer.dicom.objects.writing import WrittenObject


@dataclass(frozen=True, slots=True)
class Context:
    """Source headers (each instance once), evidence and acceptance.

    planes : the source image of each slice that has one. on_picture : whether it is a single image that lies in no patient
    space, on whose pixels findings have their regions.
    """

    sources: tuple[Dataset, ...]
    planes: dict[int, SourceImage]
    segmentation: Segmentation | None
    seg: WrittenObject | None
    acceptance: Acceptance | None
    on_picture: bool = False

    @classmethod
    def of(
        cls, segmentation: Segmentation | None, seg: WrittenObject | None, sources: Sequence[Dataset], acceptance: Acceptance | None
    ) -> Context:
        """Check that the parts belong together; raises `CannotWrite` without sources or with several series."""
        if not sources:
            raise CannotWrite("A report needs the headers of the images it speaks of, and there are none.")
        if not same_study(sources):
            raise CannotWrite("A report can speak of one series only, and these images are of several.")
        unique = {str(ds.SOPInstanceUID): ds for ds in sources}
        images = source_images(sources)
        if picture_among(sources) is not None:
            return cls(tuple(unique.values()), {0: images[0]}, segmentation, seg, acceptance, on_picture=True)
        planes = images_by_slice(images, segmentation.geometry) if segmentation is not None else {}
        return cls(tuple(unique.values()), planes, segmentation, seg, acceptance)

    def segment_numbers(self, finding: Finding) -> list[int]:
        """Numbers in the SEG of the finding's segments; labels without a voxel have none."""
        numbers = self.seg.segment_numbers if self.seg is not None else {}
        return [numbers[value] for value in finding.segments if value in numbers]
