"""What vendors write into private elements and the standard's own place is empty of; read only where their creator stands."""

from __future__ import annotations

import struct

from medviewer.dicom import tags
from medviewer.dicom.element_values import Elements

SIEMENS_MR = "SIEMENS MR HEADER"
GE_PARAMETERS = "GEMS_PARM_01"
PHILIPS_IMAGING = "Philips Imaging DD 001"
_GE_OFFSET = 1e6
"""GE adds multiples of this to b-values of some acquisitions."""
_COMPLEX_PARTS = ("", "PHASE", "REAL", "IMAGINARY")


def private_b_value(elements: Elements) -> float | None:
    """The b-value in s/mm^2 from Siemens' (0019,100C), GE's (0043,1039) or Philips' (2001,1003), or None."""
    if elements.text(tags.SIEMENS_MR_CREATOR) == SIEMENS_MR and tags.SIEMENS_B_VALUE in elements:
        return elements.number(tags.SIEMENS_B_VALUE)
    if elements.text(tags.GE_PARAMETERS_CREATOR) == GE_PARAMETERS and tags.GE_B_VALUE in elements:
        value = elements.number(tags.GE_B_VALUE)
        return None if value is None else value % _GE_OFFSET
    if elements.text(tags.PHILIPS_IMAGING_CREATOR) == PHILIPS_IMAGING:
        raw = elements.raw(tags.PHILIPS_B_VALUE)
        return float(struct.unpack("<f" if elements.little else ">f", raw)[0]) if len(raw) == 4 else None
    return None


def complex_part(elements: Elements) -> str:
    """PHASE, REAL or IMAGINARY for GE images of that kind, whose ImageType doesn't say it; else empty (0043,102F)."""
    if elements.text(tags.GE_PARAMETERS_CREATOR) != GE_PARAMETERS:
        return ""
    kind = elements.short(tags.GE_COMPLEX_PART)
    return _COMPLEX_PARTS[kind] if kind < len(_COMPLEX_PARTS) else ""
