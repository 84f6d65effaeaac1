"""NIfTI and NRRD: where voxels lie and what they hold, against nibabel and SimpleITK."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from support.phantoms import axis_orders, oblique

from medviewer.core.errors import CannotDecode, CannotWrite
from medviewer.core.geometry import Geometry
from medviewer.imaging.nifti import looks_like_hu, read_nifti, write_nifti, write_nrrd

SHAPE = (5, 6, 7)
RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def ramp(shape_ijk=SHAPE, dtype=np.int16):
    return np.arange(np.prod(shape_ijk)).reshape(shape_ijk).astype(dtype)


def an_affine(directions=None):
    affine = np.eye(4)
    affine[:3, :3] = (oblique() if directions is None else directions) * (1.5, 2.0, 3.25)
    affine[:3, 3] = (-11, 23.5, 7)
    return affine


def save(path, data, affine, *, sform=1, qform=0, klass=nib.Nifti1Image, **header):
    image = klass(data, affine)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    for field, value in header.items():
        image.header[field] = value
    nib.save(image, path)
    return path


@pytest.mark.parametrize("directions", [*axis_orders(), oblique(), oblique((90, 10, -70))])
def test_voxels_lie_where_nibabel_and_simpleitk_put_them(tmp_path, directions):
    path = save(tmp_path / "a.nii", ramp(), an_affine(directions), sform=1, qform=1)
    volume, _ = read_nifti(path)
    index = np.array([(0, 0, 0), (4, 0, 0), (0, 5, 0), (0, 0, 6), (1, 2, 3)])
    by_nibabel = nib.affines.apply_affine(nib.load(path).affine, index) * (-1, -1, 1)
    image = sitk.ReadImage(str(path))
    by_itk = [image.TransformIndexToPhysicalPoint(tuple(int(n) for n in point)) for point in index]
    assert np.allclose(volume.geometry.to_lps(index), by_nibabel, atol=1e-4)
    assert np.allclose(volume.geometry.to_lps(index), by_itk, atol=1e-4)
    assert np.array_equal(volume.stored, sitk.GetArrayFromImage(image))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_stored_values_keep_their_type_and_are_not_copied_about(tmp_path, dtype, name):
    volume, _ = read_nifti(save(tmp_path / name, ramp(dtype=dtype), an_affine()))
    assert volume.stored.dtype == dtype
    assert volume.stored.flags.c_contiguous
    assert np.array_equal(volume.stored, ramp(dtype=dtype).T)


def test_big_endian_files_come_in_native_order(tmp_path):
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(np.dtype(">i2"))
    image = nib.Nifti1Image(ramp(), an_affine(), header)
    nib.save(image, tmp_path / "a.nii")
    volume, _ = read_nifti(tmp_path / "a.nii")
    assert volume.stored.dtype.isnative
    assert np.array_equal(volume.stored, ramp().T)


def test_slope_and_intercept_become_a_rescale(tmp_path):
    image = nib.Nifti1Image(ramp(), an_affine())
    image.header.set_slope_inter(0.5, -1000)
    nib.save(image, tmp_path / "a.nii")
    volume, _ = read_nifti(tmp_path / "a.nii")
    assert (volume.rescale.slope, volume.rescale.intercept) == (0.5, -1000)
    real = np.stack([volume.real_slice(k) for k in range(7)])
    assert np.allclose(real, np.asarray(nib.load(tmp_path / "a.nii").dataobj).T)


def test_sources_name_the_file_and_claim_no_modality(tmp_path):
    path = save(tmp_path / "a.nii", ramp(), an_affine(), cal_min=10, cal_max=110)
    volume, _ = read_nifti(path)
    assert (volume.source.kind, volume.source.path, volume.source.modality) == ("nifti", str(path), "")
    assert volume.windows == ((60.0, 100.0),)


def test_the_sform_wins_and_a_disagreeing_qform_is_told(tmp_path):
    image = nib.Nifti1Image(ramp(), an_affine())
    image.set_sform(an_affine(), 2)
    other = an_affine(np.diag([-1.0, 1, 1]))
    image.set_qform(other, 1)
    nib.save(image, tmp_path / "a.nii")
    volume, grid = read_nifti(tmp_path / "a.nii")
    assert (grid.source, grid.sform_code, grid.qform_code) == ("sform", 2, 1)
    assert np.allclose(volume.geometry.index_to_lps, RAS_OF_LPS @ an_affine(), atol=1e-5)
    assert [notice.code for notice in grid.notices] == ["transforms-disagree"]


def test_the_qform_is_used_where_there_is_no_sform(tmp_path):
    volume, grid = read_nifti(save(tmp_path / "a.nii", ramp(), an_affine(), sform=0, qform=1))
    assert (grid.source, grid.notices) == ("qform", ())
    assert np.allclose(volume.geometry.index_to_lps, RAS_OF_LPS @ an_affine(), atol=1e-4)


def test_a_file_without_patient_geometry_is_read_with_a_warning(tmp_path):
    volume, grid = read_nifti(save(tmp_path / "a.nii", ramp(), an_affine(), sform=0, qform=0))
    assert grid.source == "none"
    assert [notice.code for notice in grid.notices] == ["no-patient-geometry"]
    assert volume.geometry.spacing_ijk == pytest.approx((1.5, 2.0, 3.25))


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000), ("micron", 0.001), ("mm", 1), ("unknown", 1)])
def test_units_are_turned_into_millimetres(tmp_path, unit, factor):
    image = nib.Nifti1Image(ramp(), an_affine())
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    volume, _ = read_nifti(tmp_path / "a.nii")
    assert volume.geometry.spacing_ijk == pytest.approx((1.5 * factor, 2.0 * factor, 3.25 * factor), rel=1e-5)


def test_one_time_point_is_a_volume_and_several_are_refused(tmp_path):
    one, _ = read_nifti(save(tmp_path / "one.nii", ramp((5, 6, 7, 1)), an_affine()))
    assert one.stored.shape == (7, 6, 5)
    with pytest.raises(CannotDecode, match="3 volumes"):
        read_nifti(save(tmp_path / "three.nii", ramp((5, 6, 7, 3)), an_affine()))


def test_a_flat_picture_is_a_volume_of_one_slice(tmp_path):
    volume, _ = read_nifti(save(tmp_path / "a.nii", ramp((5, 6)), an_affine()))
    assert volume.stored.shape == (1, 6, 5)


def test_colour_and_complex_voxels_are_refused(tmp_path):
    colour = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    for name, data in (("colour", colour), ("complex", np.zeros(SHAPE, np.complex64))):
        nib.save(nib.Nifti1Image(data, np.eye(4)), tmp_path / f"{name}.nii")
        with pytest.raises(CannotDecode, match="real numbers"):
            read_nifti(tmp_path / f"{name}.nii")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_damaged_file_is_told_not_shown(tmp_path, name):
    path = save(tmp_path / name, np.random.default_rng(0).integers(0, 9999, (40, 40, 40), np.int16), an_affine())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CannotDecode):
        read_nifti(path)
    (tmp_path / f"text{name[1:]}").write_text("hello")
    with pytest.raises(CannotDecode):
        read_nifti(tmp_path / f"text{name[1:]}")
    with pytest.raises(CannotDecode, match="no such file"):
        read_nifti(tmp_path / f"absent{name[1:]}")


def test_a_flattened_transform_is_refused(tmp_path):
    path = save(tmp_path / "a.nii", ramp(), an_affine())
    header = bytearray(path.read_bytes())
    header[296:312] = bytes(16)
    path.write_bytes(header)
    with pytest.raises(CannotDecode, match="sform"):
        read_nifti(path)


@pytest.mark.parametrize("klass", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("codes", [{"sform": 4, "qform": 0}, {"sform": 2, "qform": 1}, {"sform": 0, "qform": 3}, {"sform": 0, "qform": 0}])
def test_labels_are_written_on_exactly_the_inputs_grid(tmp_path, klass, codes):
    path = save(tmp_path / "in.nii.gz", ramp(), an_affine(), klass=klass, **codes)
    volume, grid = read_nifti(path)
    labels = (volume.stored % 5).astype(np.uint8)
    write_nifti(tmp_path / "out.nii.gz", labels, volume.geometry, like=grid)
    source, result = nib.load(path), nib.load(tmp_path / "out.nii.gz")
    assert type(result) is type(source)
    assert np.array_equal(result.affine, source.affine)
    for field in ("sform_code", "qform_code", "pixdim", "xyzt_units", "quatern_b", "qoffset_x", "srow_x", "srow_y", "srow_z"):
        assert np.array_equal(result.header[field], source.header[field]), field
    assert result.get_data_dtype() == np.uint8
    assert np.array_equal(np.asarray(result.dataobj), np.asarray(source.dataobj) % 5)


def test_free_text_of_the_input_is_left_behind(tmp_path):
    path = save(tmp_path / "in.nii", ramp(), an_affine(), descrip=b"Doe^John 1.2.1950", db_name=b"ward 7")
    volume, grid = read_nifti(path)
    write_nifti(tmp_path / "out.nii", volume.stored, volume.geometry, like=grid)
    assert b"Doe" not in (tmp_path / "out.nii").read_bytes()
    assert b"ward" not in (tmp_path / "out.nii").read_bytes()


@pytest.mark.parametrize("directions", [*axis_orders(), oblique()])
def test_written_alone_it_lies_where_the_geometry_says(tmp_path, directions):
    geometry = Geometry.from_axes(SHAPE[::-1], (3, -40, 12.5), directions, (1.5, 2, 3.25))
    array = ramp().T
    write_nifti(tmp_path / "a.nii.gz", array, geometry)
    write_nrrd(tmp_path / "a.nrrd", array, geometry)
    for name in ("a.nii.gz", "a.nrrd"):
        image = sitk.ReadImage(str(tmp_path / name))
        corners = [(0, 0, 0), (4, 0, 0), (0, 5, 0), (0, 0, 6)]
        assert np.allclose([image.TransformIndexToPhysicalPoint(c) for c in corners], geometry.to_lps(corners), atol=1e-4)
        assert np.array_equal(sitk.GetArrayFromImage(image), array)
    again, grid = read_nifti(tmp_path / "a.nii.gz")
    assert again.geometry.same_grid_as(geometry)
    assert (grid.source, grid.notices) == ("sform", ())


def test_a_sheared_grid_keeps_its_shear(tmp_path):
    matrix = np.diag([1.0, 1.0, 3.0, 1.0])
    matrix[1, 2] = 0.9
    geometry = Geometry(SHAPE[::-1], matrix)
    write_nifti(tmp_path / "a.nii", ramp().T, geometry)
    assert np.allclose(nib.load(tmp_path / "a.nii").affine, RAS_OF_LPS @ matrix)
    assert read_nifti(tmp_path / "a.nii")[1].notices == ()


@pytest.mark.parametrize(("given", "written"), [(bool, np.uint8), (np.int64, np.int32), (np.float16, np.float32), (np.uint16, np.uint16)])
def test_types_nifti_lacks_are_written_as_the_next_wider_one(tmp_path, given, written):
    array = (ramp() % 2).T.astype(given)
    geometry = Geometry(SHAPE[::-1], np.eye(4))
    write_nifti(tmp_path / "a.nii", array, geometry)
    write_nrrd(tmp_path / "a.nrrd", array, geometry)
    image = nib.load(tmp_path / "a.nii")
    assert image.get_data_dtype() == written
    assert np.array_equal(np.asarray(image.dataobj), array.T)
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.nrrd"))), array)


@pytest.mark.parametrize("write", [write_nifti, write_nrrd])
def test_nothing_is_overwritten_and_nothing_is_left_half(tmp_path, write):
    path = tmp_path / ("a.nii.gz" if write is write_nifti else "a.nrrd")
    geometry = Geometry(SHAPE[::-1], np.eye(4))
    path.write_text("older")
    with pytest.raises(CannotWrite, match="overwritten"):
        write(path, ramp().T, geometry)
    with pytest.raises(CannotWrite):
        write(tmp_path / "absent" / path.name, ramp().T, geometry)
    with pytest.raises(CannotWrite, match="32 bits"):
        write(tmp_path / f"b{''.join(path.suffixes)}", ramp().T.astype(np.int64) + 2**40, geometry)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "older"


def test_another_grid_than_the_one_to_be_like_is_a_defect(tmp_path):
    volume, grid = read_nifti(save(tmp_path / "in.nii", ramp(), an_affine()))
    moved = np.array(volume.geometry.index_to_lps)
    moved[0, 3] += 1
    with pytest.raises(ValueError, match="grid"):
        write_nifti(tmp_path / "out.nii", volume.stored, Geometry(volume.geometry.shape_kji, moved), like=grid)


@pytest.mark.parametrize(
    ("values", "answer"),
    [([-1024, 0, 1200], True), ([-1000.0, 40.0, 80.0], True), ([-1000.5, 0.25, 3], False), ([0, 400, 1200], False), ([-3, 0, 900], False)],
)
def test_whole_numbers_that_reach_air_look_like_hounsfield_units(tmp_path, values, answer):
    data = np.array(values, np.float32 if isinstance(values[0], float) else np.int16).reshape(3, 1, 1)
    assert looks_like_hu(read_nifti(save(tmp_path / "a.nii", data, np.eye(4)))[0]) is answer


@pytest.mark.parametrize("name", ["t1-head-brainchop", "t2-stroke", "ct-head-atlas"])
def test_real_heads_agree_with_nibabel_and_simpleitk_and_keep_their_grid(tmp_path, test_data, name):
    path = test_data / "nifti" / f"{name}.nii.gz"
    volume, grid = read_nifti(path)
    source, image = nib.load(path), sitk.ReadImage(str(path))
    assert np.array_equal(volume.stored.T, np.asarray(source.dataobj))
    assert np.array_equal(volume.stored, sitk.GetArrayFromImage(image))
    corners = [(a, b, c) for a in (0, source.shape[0] - 1) for b in (0, source.shape[1] - 1) for c in (0, source.shape[2] - 1)]
    assert np.allclose(volume.geometry.to_lps(corners), [image.TransformIndexToPhysicalPoint(c) for c in corners], atol=1e-3)
    write_nifti(tmp_path / "labels.nii.gz", (volume.stored > 60).astype(np.uint8), volume.geometry, like=grid)
    labels = nib.load(tmp_path / "labels.nii.gz")
    assert np.array_equal(labels.affine, source.affine)
    assert (labels.header["sform_code"], labels.header["qform_code"]) == (source.header["sform_code"], source.header["qform_code"])
    assert np.array_equal(np.asarray(labels.dataobj), np.asarray(source.dataobj) > 60)
    assert looks_like_hu(volume) is (name == "ct-head-atlas")
