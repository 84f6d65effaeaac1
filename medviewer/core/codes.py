"""Coded terms: a value, the scheme it comes from, and its meaning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept as DICOM writes it (PS3.3 section 8): ``SCT:12738006`` "Brain"."""

    value: str
    scheme: str
    meaning: str

    @classmethod
    def parse(cls, text: str, meaning: str) -> Code:
        """Read ``SCHEME:value``; raises ``ValueError`` when it isn't of that shape."""
        scheme, colon, value = text.partition(":")
        if not (scheme and colon and value):
            raise ValueError(f"a code is written SCHEME:value, found {text!r}")
        return cls(value, scheme, meaning)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


LEFT = Code("7771000", "SCT", "Left")
RIGHT = Code("24028007", "SCT", "Right")
VOLUME = Code("118565006", "SCT", "Volume")
VOLUME_RATIO = Code("113288", "DCM", "Volume ratio")
BRAIN = Code("12738006", "SCT", "Brain")
ANATOMICAL_STRUCTURE = Code("91723000", "SCT", "Anatomical structure")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
LUNG = Code("39607008", "SCT", "Lung")
LUNG_ZONES = {
    "upper": Code("281392002", "SCT", "Upper zone of lung"),
    "middle": Code("281393007", "SCT", "Middle zone of lung"),
    "lower": Code("281394001", "SCT", "Lower zone of lung"),
}
"""PS3.16 CID 6171."""
PROBABILITY = Code("122157", "DCM", "Probability")
UPPER_UNCERTAINTY = Code("371886008", "SCT", "+, range of upper measurement uncertainty")
LOWER_UNCERTAINTY = Code("371885007", "SCT", "-, range of lower measurement uncertainty")
