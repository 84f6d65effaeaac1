"""JPEG and PNG files as the program reads them, checked against Pillow and against what was written into them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps
from support.chest_pictures import chest, photograph

from medviewer.core.errors import CannotDecode
from medviewer.imaging.picture_colour import brightness, is_colourful
from medviewer.imaging.picture_file import is_picture_file, read_picture
from medviewer.imaging.picture_plane import as_displayed, as_stored, exif_orientation

PICTURE = chest(96, 80)


def saved(path, image, **wishes):
    image.save(path, **wishes)
    return path


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.fromarray(PICTURE), PICTURE),
        (Image.fromarray(np.dstack([PICTURE] * 3)), PICTURE),
        (Image.fromarray(PICTURE).convert("P"), PICTURE),
        (Image.fromarray(PICTURE).convert("RGBA"), PICTURE),
        (Image.fromarray(PICTURE).convert("LA"), PICTURE),
        (Image.fromarray(PICTURE > 128), np.where(PICTURE > 128, 255, 0)),
        (Image.fromarray(PICTURE.astype(np.uint16) * 257), PICTURE),
        (Image.fromarray(np.rint(PICTURE * (4095 / 255)).astype(np.uint16)), PICTURE),
    ],
    ids=["grey", "rgb", "palette", "rgba", "grey-alpha", "one-bit", "16-bit", "12-bits-in-16"],
)
def test_every_kind_of_grey_png_is_the_same_picture(tmp_path, image, expected):
    volume = read_picture(saved(tmp_path / "a.png", image))
    assert volume.stored.shape == (1, 96, 80)
    np.testing.assert_allclose(volume.stored[0], expected, atol=0.1)
    assert volume.source.kind == "image"
    assert volume.source.modality == ""
    assert not volume.source.is_colourful


def test_transparent_parts_are_black(tmp_path):
    layers = np.dstack([PICTURE, PICTURE, PICTURE, np.full_like(PICTURE, 255)])
    layers[:10, :, 3] = 0
    volume = read_picture(saved(tmp_path / "a.png", Image.fromarray(layers)))
    assert not volume.stored[0, :10].any()
    np.testing.assert_array_equal(volume.stored[0, 10:], PICTURE[10:])


def test_colours_are_their_brightness_and_a_photograph_is_known(tmp_path):
    volume = read_picture(saved(tmp_path / "a.png", Image.fromarray(photograph())))
    red, green, blue = photograph().astype(float).transpose(2, 0, 1)
    np.testing.assert_allclose(volume.stored[0], 0.299 * red + 0.587 * green + 0.114 * blue, atol=1)
    assert volume.source.is_colourful


def test_a_tinted_film_with_coloured_letters_is_no_photograph():
    tinted = np.dstack([PICTURE // 2 + 60, PICTURE // 2 + 70, PICTURE // 2 + 90])
    tinted[:8, :40] = (255, 40, 0)
    assert not is_colourful(tinted)
    np.testing.assert_array_equal(brightness(np.dstack([PICTURE] * 3)), PICTURE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_shown_as_pillow_turns_it_and_finds_its_way_back(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a.jpg", Image.fromarray(PICTURE), quality=95, exif=exif)
    volume = read_picture(path)
    with Image.open(path) as image:
        stored, shown = np.asarray(image), np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(volume.stored[0], stored)
    displayed = as_displayed(volume.stored[0], volume.geometry)
    np.testing.assert_array_equal(displayed, shown)
    np.testing.assert_array_equal(as_stored(displayed, volume.geometry), stored)
    assert exif_orientation(volume.geometry) == orientation
    # The grid says the same: the displayed picture's corner is the plane's origin, x to the right, y down.
    rows, columns = shown.shape
    places = volume.geometry.to_index([(0, 0, 0), (columns - 1, 0, 0), (0, rows - 1, 0)]).round().astype(int)
    assert [stored[j, i] for i, j, _ in places] == [shown[0, 0], shown[0, -1], shown[-1, 0]]


def damaged():
    whole = io.BytesIO()
    Image.fromarray(PICTURE).save(whole, format="JPEG")
    png = io.BytesIO()
    Image.fromarray(PICTURE).save(png, format="PNG")
    jpeg, png = whole.getvalue(), png.getvalue()
    return {
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut.png": png[: len(png) // 2],
        "empty.jpg": b"",
        "words.jpeg": b"this is no picture at all",
        "gif.png": b"GIF89a" + bytes(40),
        "flipped.png": png[:60] + bytes([png[60] ^ 255]) + png[61:],
        "start.jpg": jpeg[:4],
    }


@pytest.mark.parametrize("name", sorted(damaged()))
def test_a_damaged_picture_is_refused_with_its_name_and_reason(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(damaged()[name])
    with pytest.raises(CannotDecode) as caught:
        read_picture(path)
    assert name in str(caught.value)
    assert "damaged" in str(caught.value) or "neither a JPEG nor a PNG" in str(caught.value)


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(tmp_path, side):
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b""))
    with pytest.raises(CannotDecode):
        read_picture(path)


def test_pictures_are_known_by_suffix_or_beginning(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "IM1", format="PNG")
    (tmp_path / "notes").write_text("nothing", encoding="utf-8")
    assert is_picture_file(tmp_path / "IM1")
    assert is_picture_file(tmp_path / "there-is-none.JPG")
    assert not is_picture_file(tmp_path / "notes")
    assert not is_picture_file(tmp_path / "a.dcm")
    assert not is_picture_file(tmp_path)
