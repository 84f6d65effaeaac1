"""Decoding by pydicom itself, without plugins: slower, and the checked fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs.form import PixelForm


def pydicom_decoder(transfer_syntax: str) -> Callable[[bytes, PixelForm], NDArray[np.generic]]:
    """A decoder of one frame's codestream for a transfer syntax."""

    def decode(data: bytes, form: PixelForm) -> NDArray[np.generic]:
        from pydicom.encaps import encapsulate
        from pydicom.pixels.decoders.base import get_decoder
        from pydicom.uid import UID

        decoder = get_decoder(UID(transfer_syntax))
        options: dict[str, Any] = {
            "rows": form.rows,
            "columns": form.columns,
            "samples_per_pixel": form.samples,
            "photometric_interpretation": form.photometric,
            "pixel_representation": int(form.signed),
            "bits_allocated": form.allocated,
            "bits_stored": form.stored,
            "number_of_frames": 1,
            "planar_configuration": int(form.planar),
            "pixel_keyword": "PixelData",
        }
        array, _ = decoder.as_array(encapsulate([data]), index=0, raw=True, decoding_plugin="pydicom", **options)
        return array

    return decode
