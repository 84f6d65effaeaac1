"""How long the main thread works for one step of the wheel: python tests/benchmarks/scrolling.py

A 300 x 512 x 512 int16 series with mask and heatmap in four panes of a 1600 x 1000 window, drawn off screen: at rest,
while the series is still being read, and while a model runs. Prints median, 95th percentile and maximum in ms.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402 - where to find things comes first
from PySide6.QtWidgets import QApplication  # noqa: E402
from support.gui_steps import wheel  # noqa: E402
from support.phantoms import write_phantom  # noqa: E402
from support.tiny_models import write_tiny_package  # noqa: E402

SHAPE = (300, 512, 512)
STEPS = 120


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MEDVIEWER_HOME"] = str(Path(folder) / "home")
        measure(Path(folder))


def measure(folder: Path) -> None:
    from medviewer.app.session import Session
    from medviewer.gui.application import open_window
    from medviewer.gui.desk import Wanted
    from medviewer.gui.theme.style import apply_theme
    from medviewer.models.catalogue import Catalogue

    study = write_phantom(folder / "study", shape_kji=SHAPE, spacing_ijk=(0.5, 0.5, 1.0)).paths[0].parent
    write_tiny_package(folder / "models" / "quick")
    write_tiny_package(folder / "models" / "slow", model_id="slow", slow_s=60)
    application = QApplication(sys.argv[:1])
    apply_theme(application)
    window = open_window(Session(catalogue=Catalogue([folder / "models"])), None, Wanted())
    desk = window.desk
    window.resize(1600, 1000)
    window.show()

    def wait(condition: object) -> None:
        while not condition():  # type: ignore[operator]
            application.processEvents()
            time.sleep(0.005)

    desk.open_paths([study])
    wait(lambda: desk.display.reader is not None)
    steps("while the series is being read", window, application, still=lambda: not desk.display.is_complete)
    wait(lambda: desk.display.is_complete and desk.models.offers is not None)
    steps("at rest, without overlays", window, application)
    desk.models.run(next(o for o in desk.models.offers or () if o.package.id != "slow"))
    wait(lambda: desk.display.analysis is not None and not desk.models.is_running)
    from dataclasses import replace

    desk.display.set_overlay(replace(desk.display.overlay, heat=True, heat_threshold=0.0))
    steps("at rest, with mask and heatmap", window, application)
    desk.models.run(next(o for o in desk.models.offers or () if o.package.id == "slow"))
    wait(lambda: desk.models.job is not None and desk.models.job.status == "running")
    time.sleep(2)
    steps("while a model runs, with mask and heatmap", window, application, still=lambda: desk.models.is_running)
    window.close()


def steps(what: str, window: object, application: QApplication, still: object = None) -> None:
    """Turn the wheel over each pane in turn; a step is the event and the painting of all four panes."""
    panes = window.desk.views.panes  # type: ignore[attr-defined]
    for _ in range(5):
        application.processEvents()
    taken, worked = [], []
    for n in range(STEPS):
        if still is not None and not still():  # type: ignore[operator]
            break
        began, cpu = time.perf_counter(), time.thread_time()
        wheel(panes[n * 4 // STEPS], 1 if n % 20 < 10 else -1)
        application.processEvents()
        taken.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.thread_time() - cpu))
        time.sleep(0.012)
    if taken:
        print(f"{what}: {len(taken)} steps; {_spread(taken)} ms; processor time of the main thread {_spread(worked)} ms")


def _spread(times: list[float]) -> str:
    return f"median {np.median(times):.1f}, 95 % {np.percentile(times, 95):.1f}, max {max(times):.1f}"


if __name__ == "__main__":
    main()
