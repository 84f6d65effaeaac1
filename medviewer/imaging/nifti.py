"""NIfTI in and out, NRRD out. The only place where RAS exists: everything this module returns or takes is LPS."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode, CannotWrite
from medviewer.core.files import new_file
from medviewer.core.geometry import Geometry
from medviewer.core.study import Notice
from medviewer.core.voi import Window
from medviewer.core.volume import Rescale, Volume, VolumeSource

if TYPE_CHECKING:
    import nibabel as nib

_RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MM_PER_UNIT = {"mm": 1.0, "unknown": 1.0, "meter": 1000.0, "micron": 0.001}
_DISAGREE_MM = 0.1
"""sform and qform whose corners are closer than this say the same."""
_AIR_HU = -900
_BELOW_ANY_HU, _ABOVE_ANY_HU = -40_000.0, 70_000.0  # what 16 bits of HU can hold, with room


@dataclass(frozen=True, slots=True, eq=False)
class NiftiGrid:
    """What a NIfTI file says about its grid, so that a result can be written on exactly that grid.

    affine : (4, 4) float64 as the file has it, voxel (i, j, k) to RAS+ in the file's own unit.
    source : which of the header's transforms it is: ``sform``, ``qform``, or ``none`` (voxel sizes alone).
    notices : what a reader should know: ``no-patient-geometry``, ``transforms-disagree``.
    """

    header: Any
    affine: NDArray[np.float64]
    geometry: Geometry
    source: str
    sform_code: int
    qform_code: int
    notices: tuple[Notice, ...] = ()


def read_nifti(path: Path) -> tuple[Volume, NiftiGrid]:
    """Read a NIfTI-1 or -2 file (``.nii``, ``.nii.gz``, ``.hdr``/``.img``) with one volume in it.

    The array is ``[k, j, i]`` with i, j, k the file's first, second and third axis: stored values in the file's own
    dtype (native byte order), a view of the file's memory order without a copy where the byte order allows it.
    ``scl_slope`` and ``scl_inter`` become the `Rescale`; the modality stays empty, as a NIfTI file doesn't say it.

    The sform is used where its code is above 0, else the qform; where both are 0, voxel sizes alone make the grid
    and a notice ``no-patient-geometry`` says that left, right, front and back aren't known.
    Raises `CannotDecode` for several time points, colour or complex voxels, an unusable affine or a damaged file.
    """
    from nibabel.filebasedimages import ImageFileError

    image = _load(path)
    header = image.header
    shape = _one_volume(path, header.get_data_shape())
    if header.get_data_dtype().kind not in "iuf" or header.get_data_dtype().itemsize > 8:
        raise CannotDecode(path, "its voxels are no real numbers (colour and complex NIfTI files can't be shown as a volume)")
    grid = _grid(path, image, shape)
    try:
        stored = np.asanyarray(image.dataobj.get_unscaled()).reshape(shape, order="F").T
    except (OSError, EOFError, ValueError, zlib.error, ImageFileError) as error:
        raise CannotDecode(path, f"its voxels can't be read ({error})", "truncated") from error
    if not stored.dtype.isnative:
        stored = stored.astype(stored.dtype.newbyteorder("="))
    rescale = Rescale(float(image.dataobj.slope), float(image.dataobj.inter))
    source = VolumeSource(path=str(path), kind="nifti")
    return Volume(stored, grid.geometry, rescale, source, voi=_window(header)), grid


def write_nifti(
    path: Path, array_kji: NDArray[np.generic], geometry: Geometry, like: NiftiGrid | None = None, rescale: Rescale | None = None
) -> None:
    """Write an array ``[k, j, i]`` as NIfTI; the name decides about compression (``.nii`` or ``.nii.gz``).

    Without ``like``: NIfTI-1, i, j, k become the file's first to third axis, sform and qform say scanner coordinates
    (code 1); a sheared grid has no qform, which can't express it. With ``like``: that file's grid, affine, transform
    codes and units, bit for bit; its free text, intent and extensions are left behind. With ``rescale`` the array holds
    stored values, and slope and intercept go into the header. Booleans become uint8, 64-bit integers int32 where they fit,
    float16 float32.

    Raises `CannotWrite` when the name is taken or the array's type has no place in NIfTI, and ``ValueError`` when
    array, geometry and ``like`` aren't of one grid.
    """
    import nibabel as nib

    if array_kji.shape != geometry.shape_kji:
        raise ValueError(f"array {array_kji.shape} and geometry {geometry.shape_kji} differ in shape")
    data = _storable(path, array_kji).T
    if like is None:
        image = nib.Nifti1Image(data, _RAS_LPS @ geometry.index_to_lps)
        _describe(image.header, geometry, rescale)
    else:
        if not geometry.same_grid_as(like.geometry):
            raise ValueError("the array's geometry isn't the grid of the file it should be like")
        image = _image_like(like, data)
    with new_file(path) as part:
        nib.save(image, part)


def write_nifti_series(
    path: Path,
    volumes: Iterable[NDArray[np.generic]],
    count: int,
    dtype: np.dtype[Any],
    geometry: Geometry,
    *,
    rescale: Rescale | None = None,
    step_s: float = 0.0,
) -> None:
    """Write ``count`` arrays ``[k, j, i]`` of one grid and ``dtype`` as one NIfTI-1 file with time as fourth axis.

    The arrays are taken and written one after another, so that they need not all be in memory. step_s : seconds between
    them, 0 when that isn't known. rescale : as in `write_nifti`. Raises `CannotWrite` when the name is taken, and
    ``ValueError`` when an array is of another shape or type, or there are fewer or more than ``count``.
    """
    import nibabel as nib
    from nibabel.openers import ImageOpener

    k, j, i = geometry.shape_kji
    header = nib.Nifti1Header()
    header.set_data_dtype(dtype)
    header.set_data_shape((i, j, k, count))
    _describe(header, geometry, rescale)
    header.set_zooms((*geometry.spacing_ijk, step_s))
    header.set_xyzt_units("mm", "sec")
    header["magic"], header["vox_offset"] = b"n+1", header.single_vox_offset
    with new_file(path) as part, ImageOpener(str(part), "wb") as file:
        header.write_to(file)
        file.write(b"\0" * (header.single_vox_offset - file.tell()))
        written = 0
        for volume in volumes:
            if volume.shape != geometry.shape_kji or volume.dtype != dtype:
                raise ValueError(f"volume {written + 1} is {volume.dtype}{volume.shape} and not {dtype}{geometry.shape_kji}")
            file.write(np.ascontiguousarray(volume).tobytes())
            written += 1
        if written != count:
            raise ValueError(f"{written} volumes were given where {count} were said")


def _describe(header: Any, geometry: Geometry, rescale: Rescale | None) -> None:
    """The grid, in scanner coordinates, and what stored values mean; without a rescale they are real-world values."""
    affine = _RAS_LPS @ geometry.index_to_lps
    header.set_xyzt_units("mm")
    header.set_sform(affine, 1)
    square = np.allclose(geometry.directions.T @ geometry.directions, np.eye(3), atol=1e-4)
    header.set_qform(affine, 1 if square else 0, strip_shears=True)
    if rescale is not None:
        header.set_slope_inter(rescale.slope, rescale.intercept)


def write_nrrd(path: Path, array_kji: NDArray[np.generic], geometry: Geometry) -> None:
    """Write an array ``[k, j, i]`` as compressed NRRD in LPS space; raises `CannotWrite` when the name is taken."""
    import SimpleITK as sitk

    if array_kji.shape != geometry.shape_kji:
        raise ValueError(f"array {array_kji.shape} and geometry {geometry.shape_kji} differ in shape")
    image = sitk.GetImageFromArray(_storable(path, array_kji))
    image.SetSpacing(geometry.spacing_ijk)
    image.SetOrigin([float(value) for value in geometry.origin_lps])
    image.SetDirection([float(value) for value in geometry.directions.ravel()])
    with new_file(path) as part:
        try:
            sitk.WriteImage(image, str(part), useCompression=True)
        except RuntimeError as error:
            raise CannotWrite(f"{path} can't be written as NRRD: {str(error).strip().splitlines()[-1]}") from error


def looks_like_hu(volume: Volume) -> bool:
    """Whether the values are probably Hounsfield units: whole numbers that reach air (-900 or below).

    MR, PET and label maps have no values there, and maps with negative values aren't whole. A CT whose air was cut
    away or clipped isn't recognised, so no is an answer of "not known", not of "not CT".
    """
    slope, intercept = volume.rescale.slope, volume.rescale.intercept
    if volume.slice_rescales or slope != int(slope) or intercept != int(intercept):
        return False
    lowest, highest = np.inf, -np.inf
    for plane in volume.stored:
        if plane.dtype.kind == "f":
            plane = plane[np.isfinite(plane)]
            if not np.array_equal(plane, np.rint(plane)):
                return False
        if plane.size:
            lowest = min(lowest, float(plane.min()) * slope + intercept)
            highest = max(highest, float(plane.max()) * slope + intercept)
    return _BELOW_ANY_HU < lowest <= _AIR_HU and highest < _ABOVE_ANY_HU


def _load(path: Path) -> nib.Nifti1Pair:
    import nibabel as nib
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    try:
        image = nib.load(path)
    except FileNotFoundError as error:
        raise CannotDecode(path, "there is no such file") from error
    except (OSError, EOFError, ValueError, zlib.error, ImageFileError, HeaderDataError) as error:
        raise CannotDecode(path, f"it is no readable NIfTI file ({error})") from error
    if not isinstance(image, nib.Nifti1Pair):
        raise CannotDecode(path, "it is no NIfTI file")
    return image


def _one_volume(path: Path, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """The three spatial sizes; missing ones are 1. Raises `CannotDecode` when there is more than one volume."""
    extra = int(np.prod(shape[3:])) if len(shape) > 3 else 1
    if extra > 1:
        raise CannotDecode(path, f"it holds {extra} volumes (time points or channels); only one can be read", "several-volumes")
    i, j, k = (*shape[:3], 1, 1)[:3]
    if min(i, j, k) < 1:
        raise CannotDecode(path, "it has no voxels")
    return int(i), int(j), int(k)


def _grid(path: Path, image: nib.Nifti1Pair, shape: tuple[int, int, int]) -> NiftiGrid:
    header = image.header
    affine, source = _affine(header, shape)
    unit = _MM_PER_UNIT.get(header.get_xyzt_units()[0], 1.0)
    to_lps = np.diag([unit, unit, unit, 1.0]) @ _RAS_LPS @ affine
    try:
        geometry = Geometry(shape[::-1], to_lps)
    except ValueError as error:
        raise CannotDecode(path, f"its {source} transform can't be used ({error})") from error
    notices = tuple(_notices(header, source, shape))
    return NiftiGrid(header.copy(), affine, geometry, source, int(header["sform_code"]), int(header["qform_code"]), notices)


def _affine(header: Any, shape: tuple[int, int, int]) -> tuple[NDArray[np.float64], str]:
    if header["sform_code"] > 0:
        return np.asarray(header.get_sform(), np.float64), "sform"
    if header["qform_code"] > 0:
        return np.asarray(header.get_qform(), np.float64), "qform"
    sizes = np.array([float(size) or 1.0 for size in header.get_zooms()[:3]] + [1.0] * 3)[:3]
    affine = np.diag([*sizes, 1.0])
    affine[:3, 3] = -sizes * (np.array(shape) - 1) / 2
    return affine, "none"


def _notices(header: Any, source: str, shape: tuple[int, int, int]) -> list[Notice]:
    if source == "none":
        text = "The file says nothing about the patient's axes (sform and qform codes are 0): left, right, front and back are not known."
        return [Notice("no-patient-geometry", text)]
    if source == "sform" and header["qform_code"] > 0:
        corners = np.array([(a, b, c, 1) for a in (0, shape[0] - 1) for b in (0, shape[1] - 1) for c in (0, shape[2] - 1)])
        apart = float(np.abs(corners @ (header.get_sform() - header.get_qform()).T).max())
        if apart > _DISAGREE_MM:
            text = f"The file's two transforms (sform, qform) differ by up to {apart:.1f} mm; the sform is used."
            return [Notice("transforms-disagree", text)]
    return []


def _window(header: Any) -> tuple[Window, ...]:
    low, high = float(header["cal_min"]), float(header["cal_max"])
    return (Window.between(low, high),) if np.isfinite([low, high]).all() and high > low else ()


def _storable(path: Path, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The array in a dtype that NIfTI and NRRD readers know."""
    if array.dtype == bool:
        return array.view(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype in (np.int64, np.uint64, np.uint32):
        info = np.iinfo(np.int32)
        if array.size and (int(array.min()) < info.min or int(array.max()) > info.max):
            raise CannotWrite(f"{path} can't be written: its numbers don't fit in 32 bits.")
        return array.astype(np.int32)
    if array.dtype.kind not in "iuf":
        raise CannotWrite(f"{path} can't be written: {array.dtype} voxels have no place in such a file.")
    return array


def _image_like(like: NiftiGrid, data: NDArray[np.generic]) -> nib.Nifti1Pair:
    import nibabel as nib

    is_nifti2 = int(like.header["sizeof_hdr"]) == 540
    header = (nib.Nifti2Header if is_nifti2 else nib.Nifti1Header)()
    for field in ("pixdim", "xyzt_units", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d"):
        header[field] = like.header[field]
    for field in ("qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z"):
        header[field] = like.header[field]
    header.set_data_dtype(data.dtype)
    image = (nib.Nifti2Image if is_nifti2 else nib.Nifti1Image)(data, None, header)
    image.header["pixdim"][:4] = like.header["pixdim"][:4]
    return image
