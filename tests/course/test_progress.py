"""What passed is noted in a file of the user's own, whole or not at all, and nothing else happens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from advcourse.checks import check, judge, progress


@pytest.fixture
def file(tmp_path, monkeypatch):
    file = tmp_path / "data" / "progress.txt"
    monkeypatch.setenv("ADVCOURSE_PROGRESS", str(file))
    return file


def test_what_passed_is_noted_and_what_failed_is_not(file):
    check.project(lambda z, x, eps: z)
    assert not file.exists()
    check.project(lambda z, x, eps: torch.min(torch.max(z, x - eps), x + eps).clamp(0, 1))
    assert file.read_text() == "project\n" and progress.passed() == {"project"}
    check.project(lambda z, x, eps: z)  # who has once solved it has solved it
    assert progress.passed() == {"project"}


def test_names_add_up_and_repeat_nothing(file):
    for name in ("fgsm", "project", "fgsm"):
        progress.note(name)
    assert file.read_text() == "fgsm\nproject\n" and progress.passed() == {"fgsm", "project"}


def test_the_verdict_as_a_value_notes_nothing(file):
    assert judge("fgsm", lambda *_: None).status == "failed"
    assert not file.exists()


@pytest.mark.parametrize("broken", [b"\xff\xfe\x00fgsm", b'{"passed": [', b"", b"\x00" * 100])
def test_a_broken_file_is_read_as_far_as_it_goes_and_mended(file, broken):
    file.parent.mkdir()
    file.write_bytes(broken)
    assert "project" not in progress.passed()
    progress.note("project")
    assert "project" in progress.passed() and file.read_text(encoding="utf-8").endswith("project\n")


def test_a_home_that_cannot_be_written_stops_nothing(file):
    file.parent.touch()  # where the folder should be
    progress.note("fgsm")
    assert progress.passed() == frozenset() and file.parent.read_bytes() == b""


def test_a_write_that_fails_leaves_the_file_as_it_was(file, monkeypatch):
    progress.note("fgsm")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(progress.os, "replace", full)
    progress.note("project")
    assert file.read_text() == "fgsm\n" and list(file.parent.iterdir()) == [file]


def test_off_is_off(file, monkeypatch):
    monkeypatch.setenv("ADVCOURSE_PROGRESS", "off")
    progress.note("fgsm")
    assert progress.place() is None and progress.passed() == frozenset() and not file.exists()


def test_tests_and_the_kernels_they_start_leave_the_users_own_file_alone(monkeypatch):
    monkeypatch.delenv("ADVCOURSE_PROGRESS", raising=False)
    where = [sys.executable, "-c", "from advcourse.checks import progress; print(progress.place())"]
    assert progress.place() is None
    assert subprocess.run(where, capture_output=True, text=True, check=True).stdout == "None\n"


@pytest.mark.parametrize(
    ("platform", "ending"),
    [
        ("linux", ".local/share/advcourse/progress.txt"),
        ("darwin", "Library/Application Support/advcourse/progress.txt"),
        ("win32", "AppData/Local/advcourse/progress.txt"),
    ],
)
def test_it_lies_where_a_system_keeps_what_belongs_to_programs(platform, ending, tmp_path, monkeypatch, live_in):
    for name in ("ADVCOURSE_PROGRESS", "PYTEST_VERSION", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    live_in(tmp_path)
    monkeypatch.setattr(progress.sys, "platform", platform)
    assert progress.place() == tmp_path / Path(ending)


def test_without_a_home_nothing_is_noted(monkeypatch):
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    monkeypatch.delenv("ADVCOURSE_PROGRESS", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert progress.place() is None
