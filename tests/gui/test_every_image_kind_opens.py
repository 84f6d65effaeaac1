"""One image of each kind, opened in the window: its picture is there, and nobody says it can't be shown.

``MEDVIEWER_PICTURES`` names a folder to look at the pictures in. Documents and drawn objects are in ``test_every_kind_opens``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from pytestqt.qtbot import QtBot
from support.gui_steps import LIMIT_MS

from medviewer.gui.main_window import MainWindow
from medviewer.gui.messages import Level

PACKAGED = {
    "ct": "CT_small.dcm",
    "nm-jpeg2000": "JPEG2000.dcm",
    "overlay": "examples_overlay.dcm",
    "palette": "examples_palette.dcm",
    "rgb": "examples_rgb_color.dcm",
    "us-cine-ybr": "examples_ybr_color.dcm",
    "big-endian": "MR_small_bigendian.dcm",
}
"""Files that lie in pydicom's package."""
REAL = {
    "ct-tilted-series": "ct-head",
    "cr-mirrored": "cxr-cr-konica-jpeg-mirrored",
    "cr-monochrome1": "breadth/monochrome1-cr-dx/CR-MONO1-10-chest",
    "dx": "cxr-dx-canon-j2k-lossless",
    "mammogram": "breadth/luts-overlays-presentation/OutOfBoundsOverlay.dcm",
    "tomosynthesis": "breadth/generated/breast_tomosynthesis.dcm",
    "us-cine-palette": "breadth/multiframe-us-nm/US-PAL-8-10x-echo",
    "us-cine-jpeg-xl": "breadth/jpeg-xl/will-jxl.dcm",
    "us-single": "breadth/colour-and-palette/US-YBR_FULL_422-EVRLE.dcm",
    "nm-gated": "breadth/multiframe-us-nm/NM-MONO2-16-13x-heart",
    "pt": "breadth/pet/1.dcm",
    "pt-enhanced": "breadth/generated/enhanced_pet_frames_out_of_order.dcm",
    "xa-cine": "breadth/fragments-and-offset-tables/HasFragmentSequence.dcm",
    "mr-enhanced": "breadth/enhanced/philips-enhanced-mr-fieldmap/IM_0027_fMAP.dcm",
    "ct-enhanced-supplemental-palette": "breadth/enhanced/eCT_Supplemental.dcm",
    "mr-mosaic-4d": "breadth/siemens-mosaic/axasc35",
    "slide": "breadth/segmentation-and-microscopy/sm_image.dcm",
    "one-bit": "breadth/generated/multiframe_single_bit_sc.dcm",
    "float": "breadth/bit-depths/parametric_map_float.dcm",
    "packed-12-bit": "breadth/bit-depths/GH340.dcm",
    "signed-9-bit": "breadth/bit-depths/signed-raw-9bit.dcm",
    "rgb-32-bit": "breadth/colour-and-palette/SC_rgb_32bit.dcm",
    "pixel-aspect-ratio": "breadth/generated/pixel_aspect_ratio_only.dcm",
    "htj2k": "breadth/htj2k/HTJ2KLossless_08_RGB.dcm",
}
"""Files and folders of the real scans."""


@pytest.mark.parametrize("name", PACKAGED)
def test_an_image_of_each_kind_opens(qtbot: QtBot, window: MainWindow, tmp_path: Path, name: str) -> None:
    path = get_testdata_file(PACKAGED[name], download=False)
    assert path is not None
    folder = tmp_path / "study"
    folder.mkdir()
    shutil.copy(path, folder)
    opens_and_shows(qtbot, window, folder, name, tmp_path)


@pytest.mark.parametrize("name", REAL)
def test_a_real_image_of_each_kind_opens(qtbot: QtBot, window: MainWindow, tmp_path: Path, test_data: Path, name: str) -> None:
    opens_and_shows(qtbot, window, test_data / "dicom" / REAL[name], name, tmp_path)


def opens_and_shows(qtbot: QtBot, window: MainWindow, path: Path, name: str, tmp_path: Path) -> None:
    told: list[object] = []
    window.desk.told.connect(told.append)
    window.desk.open_paths([path])
    views = window.desk.views
    qtbot.waitUntil(lambda: views.active.picture is not None and views.active.picture.loaded, timeout=LIMIT_MS)
    qtbot.wait(80)
    image = window.grab().toImage()
    pictures = Path(os.environ.get("MEDVIEWER_PICTURES") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    assert image.save(str(pictures / f"image-{name}.png"))
    assert [message.text for message in told if message.level is Level.BAD] == []
    middle = views.active.grab(views.active.rect().adjusted(80, 90, -80, -90)).toImage()
    colours = {middle.pixel(x, y) for x in range(0, middle.width(), 3) for y in range(0, middle.height(), 3)}
    assert len(colours) > 1, "the middle of the picture is blank"
