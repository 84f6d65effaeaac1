"""A real host process and networks that behave, hang, eat memory, or lie."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from support.tiny_models import BODY, CONFIDENCE, LESION, deaf_side, write_tiny_package

from medviewer.core.errors import BadPackage, Cancelled, DeviceNotUsable, ModelFailed
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress, ProgressState
from medviewer.core.volume import Rescale, Volume, VolumeSource
from medviewer.inference.client import InferenceClient, RunOptions
from medviewer.inference.golden import run_golden
from medviewer.inference.host_process import host_command
from medviewer.inference.providers import provider_report
from medviewer.models.package import open_package


def body_with_lesion(dtype=np.int16, modality="MR"):
    """An ellipsoid (200) with a ball (1000) in it; 1 x 1 x 2 mm."""
    geometry = Geometry.from_axes((40, 90, 80), (-40, -40, -40), np.eye(3), (1, 1, 2))
    k, j, i = np.ogrid[:40, :90, :80]
    stored = np.zeros(geometry.shape_kji, dtype)
    stored[((k - 20) / 15) ** 2 + ((j - 45) / 35) ** 2 + ((i - 40) / 30) ** 2 < 1] = 200
    stored[((k - 24) * 2) ** 2 + (j - 55) ** 2 + (i - 30) ** 2 < 100] = 1000
    return Volume(stored, geometry, source=VolumeSource(modality=modality))


@pytest.fixture(scope="module")
def volume():
    return body_with_lesion()


@pytest.fixture
def package(tmp_path):
    def make(**options):
        number = sum(1 for _ in tmp_path.iterdir())
        return open_package(write_tiny_package(tmp_path / f"p{number}", **options))

    return make


@pytest.fixture
def client():
    with InferenceClient() as client:
        yield client


def shared_files():
    return {path.name for folder in ("/dev/shm", "/tmp") if Path(folder).is_dir() for path in Path(folder).glob("medviewer-*.voxels")}


def in_thread(work):
    """Run in a thread; returns a function that waits and gives the exception."""
    errors = []

    def guarded():
        try:
            work()
            errors.append(None)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()

    def wait(limit_s=30):
        thread.join(limit_s)
        assert not thread.is_alive()
        return errors[0]

    return wait


def wait_for(condition, limit_s=20):
    pause = threading.Event()
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.02)


def running(progress):
    return progress.state.text == "Running the model"


def test_a_run_gives_labels_heatmap_and_numbers_on_the_images_own_grid(client, package, volume):
    before = shared_files()
    seen: list[ProgressState] = []
    found = client.run(package(), volume, device="cpu", progress=Progress(seen.append))
    assert found.labels.shape == volume.stored.shape
    assert found.labels.dtype == np.uint8
    truth = np.where(volume.stored == 1000, LESION, np.where(volume.stored == 200, BODY, 0))
    assert (found.labels == truth).mean() > 0.97
    lesion_ml = (truth == LESION).sum() * volume.geometry.voxel_mm3 / 1000
    assert found.volumes_ml[LESION] == pytest.approx(lesion_ml, rel=0.2)
    assert found.structure_confidence == pytest.approx({BODY: CONFIDENCE[BODY] / 255, LESION: CONFIDENCE[LESION] / 255}, abs=1e-6)
    assert found.heatmap is not None
    assert int(found.heatmap[24, 55, 30]) == 255 - CONFIDENCE[LESION]
    assert int(found.heatmap[20, 40, 55]) == 255 - CONFIDENCE[BODY]
    assert not found.heatmap[0, 0, 0]
    assert (found.provider, found.device, found.device_note) == ("CPUExecutionProvider", "cpu", None)
    assert found.gate.accepted
    assert set(found.seconds) == {"start_host", "prepare", "infer", "finish"}
    assert found.host_peak_bytes > 5e7
    fractions = [state.fraction for state in seen if state.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert {"Preparing the image", "Running the model", "Bringing the labels to the image's grid"} <= {state.text for state in seen}
    assert shared_files() == before


def test_stored_values_are_rescaled_and_big_endian_files_are_no_matter(client, package, volume):
    plain = client.run(package(), volume, device="cpu")
    odd = Volume(
        ((volume.stored.astype(np.int32) + 1024) * 2).astype(">u2"), volume.geometry, Rescale(0.5, -1024.0), VolumeSource(modality="MR")
    )
    assert (client.run(package(), odd, device="cpu").labels == plain.labels).all()


def test_sliding_tiles_give_the_same_labels_as_one_pass(client, package, volume):
    whole = client.run(package(crop="none"), volume, device="cpu")
    tiled = client.run(package(crop="none", mode="sliding"), volume, device="cpu")
    assert (whole.labels == tiled.labels).all()
    assert tiled.volumes_ml == pytest.approx(whole.volumes_ml, rel=1e-4)


def test_the_host_stays_warm_and_what_it_prints_stays_off_the_screen(client, package, volume, capfd):
    model = package()
    client.run(model, volume, device="auto")
    first = client.host_pid
    again = client.run(model, volume, device="auto", options=RunOptions(heatmap=False))
    assert client.host_pid == first
    assert again.heatmap is None
    assert again.seconds["start_host"] < 0.2
    assert capfd.readouterr() == ("", "")


def test_a_host_killed_in_mid_run_is_a_sentence_and_the_next_run_works(client, package, volume):
    before = shared_files()
    slow, progress = package(slow_s=20), Progress()
    wait = in_thread(lambda: client.run(slow, volume, device="cpu", progress=progress))
    wait_for(lambda: running(progress))
    pid = client.host_pid
    os.kill(pid, signal.SIGKILL)
    error = wait()
    assert isinstance(error, ModelFailed)
    assert error.code == "crashed"
    assert "signal 9" in str(error)
    assert shared_files() == before
    assert client.run(package(), volume, device="cpu").gate.accepted
    assert client.host_pid != pid


def test_a_run_beyond_its_time_limit_is_stopped_and_the_next_run_works(client, package, volume):
    with pytest.raises(ModelFailed, match=r"longer than its limit of 1 s") as caught:
        client.run(package(slow_s=20, limit_s=1), volume, device="cpu")
    assert caught.value.code == "hung"
    assert client.host_pid is None
    assert client.run(package(), volume, device="cpu").gate.accepted


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
def test_a_host_without_a_sign_of_life_is_stopped(package, volume):
    slow, progress = package(slow_s=30), Progress()
    with InferenceClient(heartbeat_limit_s=3) as client:
        wait = in_thread(lambda: client.run(slow, volume, device="cpu", progress=progress))
        wait_for(lambda: running(progress))
        os.kill(client.host_pid, signal.SIGSTOP)
        error = wait()
        assert isinstance(error, ModelFailed)
        assert error.code == "hung"
        assert "sign of life" in str(error)
        assert client.run(package(), volume, device="cpu").gate.accepted


def test_a_model_that_takes_too_much_memory_is_stopped_and_the_next_run_works(package, volume):
    greedy = package(greedy_bytes=6_000_000_000)
    with InferenceClient(memory_limit_bytes=600_000_000) as client:
        with pytest.raises(ModelFailed, match=r"0\.6 GB of memory") as caught:
            client.run(greedy, volume, device="cpu")
        assert caught.value.code == "memory"
        assert client.run(package(), volume, device="cpu").gate.accepted


def test_without_a_given_limit_the_packages_own_figure_counts(client, package, volume):
    greedy = package(greedy_bytes=8_000_000_000, memory_bytes=100_000_000)
    with pytest.raises(ModelFailed) as caught:
        client.run(greedy, volume, device="cpu")
    assert caught.value.code == "memory"


def cancel_and_time(progress, wait):
    asked = time.monotonic()
    progress.cancel()
    error = wait()
    assert isinstance(error, Cancelled)
    return time.monotonic() - asked


def test_cancelling_takes_less_than_a_second_and_leaves_the_host_warm(client, package, volume):
    model, progress = package(slow_s=20), Progress()
    wait = in_thread(lambda: client.run(model, volume, device="cpu", progress=progress))
    wait_for(lambda: running(progress))
    pid = client.host_pid
    assert cancel_and_time(progress, wait) < 1.0
    client.run(package(), volume, device="cpu")
    assert client.host_pid == pid


def test_cancelling_inside_one_long_operator_takes_less_than_a_second_too(client, package, volume):
    client.run(package(), volume, device="cpu")
    model, progress = package(deaf_s=10), Progress()
    host = psutil.Process(client.host_pid)
    matrix_bytes, before = 4 * deaf_side(10) ** 2, host.memory_info().rss
    wait = in_thread(lambda: client.run(model, volume, device="cpu", progress=progress))
    wait_for(lambda: host.memory_info().rss > before + 1.2 * matrix_bytes)  # the product itself is being written
    assert cancel_and_time(progress, wait) < 1.0
    assert not host.is_running()
    assert client.run(package(), volume, device="cpu").gate.accepted


def test_a_job_cancelled_before_it_began_does_not_begin(client, package, volume):
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        client.run(package(), volume, progress=progress)


def test_closing_ends_a_run_that_goes_on(package, volume):
    slow, progress = package(slow_s=20), Progress()
    client = InferenceClient()
    wait = in_thread(lambda: client.run(slow, volume, device="cpu", progress=progress))
    wait_for(lambda: running(progress))
    pid = client.host_pid
    began = time.monotonic()
    client.close()
    assert isinstance(wait(), ModelFailed)
    assert time.monotonic() - began < 5
    assert not psutil.pid_exists(pid)
    with pytest.raises(ModelFailed, match="closing"):
        client.run(slow, volume)


def cuda_works():
    return any(found.usable for found in provider_report() if found.provider == "CUDAExecutionProvider")


def test_a_card_asked_for_by_name_is_used_or_refused_and_never_replaced(client, package, volume):
    if cuda_works():
        assert client.run(package(), volume, device="cuda").provider == "CUDAExecutionProvider"
        return
    with pytest.raises(DeviceNotUsable, match="graphics card can't be used") as caught:
        client.run(package(), volume, device="cuda")
    assert caught.value.exit_code == 7
    found = client.run(package(), volume, device="auto")
    assert (found.device, found.provider) == ("cpu", "CPUExecutionProvider")
    assert "processor" in (found.device_note or "")


def test_providers_are_compared_with_the_processor_by_numbers():
    processor = provider_report()[0]
    assert (processor.provider, processor.usable, processor.max_abs_diff) == ("CPUExecutionProvider", True, 0.0)


def test_a_package_swapped_after_it_was_opened_is_not_run(client, package, volume):
    model = package()
    content = bytearray(model.network_path.read_bytes())
    content[-3] ^= 1
    model.network_path.write_bytes(content)
    with pytest.raises(BadPackage, match="SHA-256"):
        client.run(model, volume, device="cpu")


def test_label_values_that_the_manifest_does_not_list_are_an_impossible_output(client, package, volume):
    with pytest.raises(ModelFailed) as caught:
        client.run(package(wrong_values=True), volume, device="cpu")
    assert caught.value.code == "output"


def test_a_refused_image_comes_back_with_the_reason_and_without_labels(client, package, volume):
    flat = Volume(np.full(volume.stored.shape, 7, np.int16), volume.geometry, source=volume.source)
    found = client.run(package(), flat, device="cpu")
    assert not found.gate.accepted
    assert "constant" in (found.gate.reason or "")
    assert not found.labels.any()
    other = Volume(volume.stored, volume.geometry, source=VolumeSource(modality="PT"))
    assert "this series is PT" in (client.run(package(), other, device="cpu").gate.reason or "")


def test_an_implausible_answer_is_refused_with_its_number(client, package, volume):
    bounds = 'volumes = [{name = "lesion", segments = [2], low_ml = 50, high_ml = 100}]'
    found = client.run(package(gate=bounds), volume, device="cpu")
    assert not found.gate.accepted
    assert "The lesion of 4 mL isn't between 50 and 100 mL" in (found.gate.reason or "")


def test_islands_are_removed_from_labels_and_volumes(client, package, volume):
    stored = volume.stored.copy()
    stored[36:39, 80:86, 70:76] = 200
    spotted = Volume(stored, volume.geometry, source=volume.source)
    step = 'steps = [{step = "largest-component", group = [1, 2]}]'
    kept = client.run(package(crop="none"), spotted, device="cpu")
    cleaned = client.run(package(crop="none", postprocess=step), spotted, device="cpu")
    assert kept.labels[37, 83, 73] == BODY
    assert cleaned.labels[37, 83, 73] == 0
    lost_ml = (kept.volumes_ml[BODY] - cleaned.volumes_ml[BODY]) * 255 / CONFIDENCE[BODY]
    assert lost_ml == pytest.approx(3 * 6 * 6 * 2 / 1000, rel=0.6)


def test_a_golden_pair_passes_and_a_changed_one_does_not(client, package):
    model = package()
    assert run_golden(client, model, "cpu").passed
    path = model.folder / "golden" / "output.npz"
    with np.load(path) as content:
        arrays = dict(content)
    arrays["labels"] = 2 - arrays["labels"]
    np.savez(path, **arrays)
    verdict = run_golden(client, model, "cpu")
    assert not verdict.passed
    assert verdict.differences["labels"] > 0.1


def test_a_person_decides_whether_mirror_images_are_averaged_in(client, package, volume):
    """The package exchanges labels that aren't sides, so that each voxel's two passes disagree and its confidence falls."""
    model = package()
    path = model.folder / "model.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("[inference]\n", '[inference]\nmirror = "on-request"\nflips = [{axis = "i", swap = [[1, 2]]}]\n'), encoding="utf-8"
    )
    model = open_package(model.folder)
    plain = client.run(model, volume, device="cpu")
    mirrored = client.run(model, volume, device="cpu", options=RunOptions(mirror=True))
    assert plain.structure_confidence[BODY] == pytest.approx(CONFIDENCE[BODY] / 255)
    assert mirrored.structure_confidence[BODY] == pytest.approx((CONFIDENCE[BODY] + 255 - CONFIDENCE[BODY]) / 2 / 255, abs=0.01)
    assert np.array_equal(plain.labels == 0, mirrored.labels == 0)


HOSTILE = """
import json, os, sys
def say(**message): print(json.dumps(message), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        say(type="hello", version=1, pid=os.getpid(), providers=["CPUExecutionProvider"])
    elif message["type"] == "open":
        say(type="opened", package="tiny-segmentation", provider="CPUExecutionProvider", verified=True)
    elif message["type"] == "run":
        {answer}
"""


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("print('import os; os.system(1)', flush=True)", "protocol"),
        ("say(type='gift', content='gASV')", "protocol"),
        ("say(type='opened', package='x', provider='CPUExecutionProvider', verified=True)", "protocol"),
        ("say(type='progress', job=999, done=1, of=1, text='x')", "protocol"),
        ("sys.stdout.write('x' * 3_000_000); sys.stdout.flush()", "protocol"),
        (
            "say(type='result', job=message['job'], outputs=[dict(kind='gate', accepted=True), dict(kind='array', name='labels',"
            " array=dict(name='/etc/passwd', shape=[1], dtype='uint8'))] + [dict(kind='numbers', name=n, values={{}})"
            " for n in ('volumes_ml', 'confidence', 'scores')], seconds={{}}, peak_bytes=1)",
            "protocol",
        ),
        ("sys.exit(3)", "crashed"),
        ("os.close(1); os.close(2); import time; time.sleep(60)", "crashed"),
    ],
)
def test_a_host_that_says_what_it_must_not_is_stopped(package, volume, tmp_path, answer, code):
    script = tmp_path / "hostile.py"
    script.write_text(HOSTILE.format(answer=answer.replace("{{", "{").replace("}}", "}")), encoding="utf-8")
    with InferenceClient(command=[sys.executable, str(script)]) as client:
        with pytest.raises(ModelFailed) as caught:
            client.run(package(), volume, device="cpu")
        assert caught.value.code == code
        assert client.host_pid is None


def test_the_host_answers_nonsense_with_a_failure_and_ends_with_its_parent(package):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(host_command(), env=environment, **pipes) as host:
        host.stdin.write(b'{"type": "open the door"}\n')
        host.stdin.flush()
        while (message := json.loads(host.stdout.readline()))["type"] == "alive":
            assert message["rss_bytes"] > 1e6
        assert (message["type"], message["code"]) == ("failed", "protocol")
        host.stdin.close()
        assert host.wait(5) == 0
