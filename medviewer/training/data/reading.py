"""Reading images for training, in the form a model is given them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.imaging.intensity import clip_to_percentiles, scale_to
from medviewer.imaging.standardise_picture import standardise_picture
from medviewer.training.data.cleaning import Decoded, pixel_digest
from medviewer.training.data.picture_file import read_picture

Float = NDArray[np.float32]


def prepared_picture(picture: NDArray[np.generic], shape: tuple[int, int], percentiles: tuple[float, float]) -> Float:
    """A picture ``[rows, columns]``, bright where it is displayed bright, as the network's input ``shape`` in 0..1.

    The same steps as the manifest of the package lists: squeeze, percentile-clip, scale.
    """
    values = standardise_picture(picture, shape)
    return scale_to(clip_to_percentiles(values, *percentiles), 0.0, 1.0)


def decoded_picture(path: Path, shape: tuple[int, int], percentiles: tuple[float, float]) -> Decoded[Float]:
    """A picture file, prepared; raises `CannotDecode`."""
    picture = read_picture(path)
    constant = bool(picture.size == 0 or (picture == picture.flat[0]).all())
    content = np.zeros(shape, np.float32) if constant else prepared_picture(picture, shape, percentiles)
    return Decoded(pixel_digest(picture), constant, content)
