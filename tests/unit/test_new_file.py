"""New files are complete or absent, and never replace another."""

from __future__ import annotations

import errno
import os

import pytest

from medviewer.core.errors import Cancelled, CannotWrite
from medviewer.core.files import new_file


def test_the_file_appears_under_its_name_when_complete(tmp_path):
    path = tmp_path / "result.nii.gz"
    with new_file(path) as part:
        assert part.parent == tmp_path
        assert part.name.endswith("result.nii.gz")
        part.write_bytes(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert [p.name for p in tmp_path.iterdir()] == ["result.nii.gz"]


def test_a_name_that_is_taken_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("older")
    with pytest.raises(CannotWrite, match="there already"), new_file(path):
        pytest.fail("the body must not run")
    assert path.read_text() == "older"


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_name_taken_while_writing_keeps_its_file(tmp_path, monkeypatch, hard_links):
    if not hard_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links here")))
    path = tmp_path / "result.txt"

    def write_while_another_does():
        with new_file(path) as part:
            part.write_text("ours")
            path.write_text("theirs")

    with pytest.raises(CannotWrite, match="appeared"):
        write_while_another_does()
    assert path.read_text() == "theirs"
    assert [p.name for p in tmp_path.iterdir()] == ["result.txt"]


def test_it_works_where_there_are_no_hard_links(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links here")))
    with new_file(tmp_path / "a") as part:
        part.write_text("whole")
    assert (tmp_path / "a").read_text() == "whole"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def write_half(path, error):
    with new_file(path) as part:
        part.write_text("half")
        raise error


@pytest.mark.parametrize("error", [Cancelled(), ValueError("broken")])
def test_nothing_is_left_after_failure_or_cancellation(tmp_path, error):
    with pytest.raises(type(error)):
        write_half(tmp_path / "a", error)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_as_such_and_leaves_nothing(tmp_path):
    with pytest.raises(CannotWrite, match="No space left"):
        write_half(tmp_path / "a", OSError(errno.ENOSPC, "No space left on device"))
    assert list(tmp_path.iterdir()) == []
