"""The bootstrap: installs once, recovers from what was interrupted, hides no failure and no skip."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
import make  # noqa: E402  the bootstrap is a script beside the package, not a part of it


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty checkout in which installing only notes what was asked for."""
    for name in ("pyproject.toml", "pins.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    for name, path in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "STAMP": tmp_path / ".venv/stamp.json",
        "ARTEFACTS": tmp_path / "build",
    }.items():
        monkeypatch.setattr(make, name, path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # the pytest inside these tests starts faster
    asked = []
    monkeypatch.setattr(make, "install", lambda extras: asked.append(sorted(extras)))
    return asked


@pytest.fixture
def empty_venv(monkeypatch):
    """Creating .venv only puts a file where its python would be."""

    def create():
        make.venv_python().parent.mkdir(parents=True, exist_ok=True)
        make.venv_python().touch()

    monkeypatch.setattr(make, "create_venv", create)


# The environment ------------------------------------------------------------------------------------------------------


def test_the_second_run_installs_nothing(checkout, empty_venv):
    python = make.environment({"dev"})
    assert make.environment({"dev"}) == make.environment(set()) == python
    assert checkout == [["dev"]]


def test_more_extras_keep_those_that_are_there(checkout, empty_venv):
    make.environment({"dev"})
    make.environment({"bench"})
    make.environment({"dev"})
    assert checkout == [["dev"], ["bench", "dev"]]


def test_it_says_how_long_only_where_everything_is_installed(checkout, empty_venv, capsys):
    make.environment({"dev"})
    assert "6 GB" in capsys.readouterr().out
    make.environment({"site"})
    assert capsys.readouterr().out == "== installing what is needed besides for: site\n"


@pytest.mark.parametrize("name", ["pyproject.toml", "pins.txt"])
def test_changed_requirements_install_again(checkout, empty_venv, name):
    make.environment(set())
    (make.ROOT / name).write_text("torch", encoding="utf-8")
    make.environment(set())
    assert checkout == [[], []]


def test_a_failed_installation_leaves_no_stamp(checkout, empty_venv, monkeypatch):
    def fails(extras):
        raise make.Stop("no network")

    make.environment(set())
    (make.ROOT / "pins.txt").write_text("torch", encoding="utf-8")
    monkeypatch.setattr(make, "install", fails)
    with pytest.raises(make.Stop):
        make.environment(set())
    assert not make.STAMP.exists() and make.installed_extras() is None


@pytest.mark.parametrize("stamp", ["", "[]", "{}", '{"extras": 1, "fingerprint": 2}'])
def test_a_torn_stamp_is_not_believed(checkout, empty_venv, stamp):
    make.environment(set())
    make.STAMP.write_text(stamp, encoding="utf-8")
    assert make.installed_extras() is None


def test_a_half_created_environment_is_created_anew(checkout):
    """Without its pyvenv.cfg the python in it is the system's: installing would change the system."""
    python = make.venv_python()
    python.parent.mkdir(parents=True)
    python.symlink_to(Path(sys.executable).resolve())
    assert not make.usable(python)
    assert make.usable(make.environment(set()))
    shutil.rmtree(make.VENV / "lib")
    assert not make.usable(python)
    shutil.rmtree(python.parent)
    assert not make.usable(python)


def test_an_environment_that_cannot_be_installed_says_so(checkout, monkeypatch):
    monkeypatch.setattr(make, "venv_python", lambda: Path(sys.executable))
    monkeypatch.setattr(make.shutil, "which", lambda name: None)
    with pytest.raises(make.Stop, match="installation failed"):
        make.pip_install("--no-index", "no-such-package-for-sure")


def test_an_old_python_is_told_what_it_needs(monkeypatch):
    monkeypatch.setattr(make, "OLDEST", (99, 0))
    with pytest.raises(make.Stop, match="is needed, this is"):
        make.main(["lab"])


# Verdicts -------------------------------------------------------------------------------------------------------------

SKIPS = """
import pytest
def test_passes(): pass
@pytest.mark.xfail(strict=True)
def test_expected(): assert False
def test_skips(): pytest.skip("{reason}")
"""
ALL_SKIPPED = "import pytest\npytest.skip('{reason}', allow_module_level=True)"


def run(checkout, source: str, reason="needs chromium", code=None) -> dict:
    """One real pytest step over this test file."""
    (make.ROOT / "empty.ini").touch()
    (make.ROOT / "test_it.py").write_text(source.format(reason=reason), encoding="utf-8")
    commands = [make.pytest("unit", "-q", "-c", "empty.ini", "--rootdir=.", "test_it.py")]
    return make.run_step(Path(sys.executable), "unit", commands)


def test_a_skip_passes_and_is_named_with_its_remedy(checkout, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    result = run(checkout, SKIPS)
    assert result["outcome"] == "pass" and len(result["skips"]) == 1
    text = make.summary([result])
    assert "1 skipped" in text and "skipped: needs chromium  ->  sudo apt-get install chromium" in text


def test_in_ci_a_skip_fails(checkout, monkeypatch):
    monkeypatch.setenv("CI", "true")
    result = run(checkout, SKIPS)
    assert result["outcome"] == "FAIL" and "nothing but the GPU may be skipped" in make.summary([result])


def test_in_ci_the_gpu_may_be_missing(checkout, monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert run(checkout, SKIPS, reason="needs a GPU")["outcome"] == "pass"


@pytest.mark.parametrize(("ci", "outcome"), [("", "skip"), ("true", "FAIL")])
def test_a_step_that_skips_everything(checkout, monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    assert run(checkout, ALL_SKIPPED)["outcome"] == outcome


@pytest.mark.parametrize("source", ["def test_fails(): assert False", "import nothing_of_this_name", "x = 1", "x = ="])
def test_failures_errors_and_no_tests_at_all_fail(checkout, source):
    assert run(checkout, source)["outcome"] == "FAIL"


def test_a_report_of_the_run_before_is_not_read(checkout, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    run(checkout, SKIPS)
    (make.ROOT / "test_it.py").unlink()
    result = make.run_step(Path(sys.executable), "unit", [["-c", "raise SystemExit(3)"]])
    assert result["outcome"] == "FAIL" and result["skips"] == []


def test_one_failing_step_does_not_hide_the_next(checkout, monkeypatch, capsys):
    monkeypatch.setattr(make, "STEPS", {"lint": lambda _: [["-c", "1/0"], ["-c", ""]], "unit": lambda _: [["-c", ""]]})
    assert make.steps("lint", "unit")(Path(sys.executable), []) == 1
    text = capsys.readouterr().out
    assert "lint      FAIL" in text and "unit      pass" in text


def report(name, **seconds):
    """What a step says after its pytest has reported these tests."""
    make.ARTEFACTS.mkdir(exist_ok=True)
    cases = "".join(f'<testcase classname="tests.it" name="{test}" time="{t}"/>' for test, t in seconds.items())
    script = f"open({str(make.report_of(name))!r}, 'w').write({f'<testsuites>{cases}</testsuites>'!r})"
    return make.run_step(Path(sys.executable), name, [["-c", script]])


def test_the_summary_names_the_slowest_items_over_all_steps(checkout):
    unit, cells = report("unit", **{f"test_{n}": n for n in range(12)}), report("nbval", quick=0.1, slow=99.04)
    slowest = make.summary([unit, cells]).partition("slowest\n")[2].splitlines()
    assert len(slowest) == 10
    assert (
        slowest[0] == "     99.0 s  nbval     tests.it::slow"
        and slowest[1] == "     11.0 s  unit      tests.it::test_11"
    )


def test_cells_that_take_long_are_named_and_fail_nothing():
    items = [(20.5, "lectures.it::Cell 7"), (19.5, "lectures.it::Cell 8")]
    cells, unit = make.verdict("nbval", [0], 40.0, [], items), make.verdict("unit", [0], 21.0, [], [(21.0, "tests.it")])
    named = make.summary([cells, unit]).partition("cells over 20 s")[2].partition("slowest")[0].splitlines()
    assert named[1:] == ["     20.5 s  lectures.it::Cell 7"] and cells["outcome"] == "pass"
    assert "cells over" not in make.summary([unit])


def test_a_real_run_reports_every_item_with_its_seconds(checkout):
    items = {item: seconds for seconds, item in run(checkout, SKIPS)["items"]}
    assert items.keys() == {f"test_it::test_{name}" for name in ("passes", "expected", "skips")}
    assert all(seconds >= 0 for seconds in items.values())


def test_where_nothing_reports_its_seconds_nothing_is_the_slowest(checkout, monkeypatch):
    result = make.run_step(Path(sys.executable), "lint", [["-c", ""]])
    assert result["items"] == [] and "slowest" not in make.summary([result])


def test_types_are_checked_with_the_packages_of_the_python_that_runs(tmp_path, monkeypatch):
    """Neither with those of an environment that happens to be active nor with those of a .venv beside the code."""
    for other in ("active", ".venv"):
        venv.create(tmp_path / other, symlinks=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    (check,) = (c for c in make.lint_commands(Path(sys.executable)) if "ty" in c)
    for source, code in (
        ("import pluggy\n\npluggy.PluginManager('x')", 0),
        ("import pluggy\n\npluggy.PluginManager(1)", 1),
    ):
        (tmp_path / "one.py").write_text(source, encoding="utf-8")
        assert subprocess.run([sys.executable, *check], cwd=tmp_path).returncode == code


def test_the_ledger_starts_empty_with_the_notebooks(checkout):
    make.ARTEFACTS.mkdir()
    ledger = make.ARTEFACTS / "ledger.jsonl"
    show = "import os; open(os.environ['ADVCOURSE_LEDGER'], 'a').write(os.environ['OMP_NUM_THREADS'])"
    ledger.write_text("old", encoding="utf-8")
    make.run_step(Path(sys.executable), "unit", [["-c", ""]])
    assert ledger.read_text(encoding="utf-8") == "old"
    make.run_step(Path(sys.executable), "nbval", [["-c", show]])
    assert ledger.read_text(encoding="utf-8") == "1"


# Targets --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("code", [0, 1])
def test_gpu_test_always_runs_on_the_pretend_device_and_says_where_there_is_no_gpu(monkeypatch, capsys, gpu, code):
    ran = {}

    def run_step(python, name, commands, **env):
        ran[name] = env["ADVCOURSE_DEVICE"], commands[0][-1]
        return make.verdict(name, [code], 1.0, [])

    monkeypatch.setattr(make, "run_step", run_step)
    monkeypatch.setattr(make.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, int(not gpu)))
    assert make.gpu_test(Path(sys.executable), []) == code
    assert ran == {"pretend": ("pretend", "lectures")} | ({"cuda": ("cuda", "exercises")} if gpu else {})
    assert ("no GPU here" in capsys.readouterr().out) == (not gpu)


def test_a_kernel_of_the_pretend_pass_has_the_device_without_float64(monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    tell = """if 1:
        import os; exec(open(os.environ['PYTHONSTARTUP']).read())
        import torch; print(torch.ones(1, device=os.environ['ADVCOURSE_DEVICE']).double())"""
    env = {**os.environ, **make.pretend_environment()}
    ran = subprocess.run([sys.executable, "-c", tell], env=env, capture_output=True, text=True)
    assert "TypeError: Cannot convert a pretend tensor to torch.float64" in ran.stderr


def test_an_unknown_target_gets_the_list():
    ran = subprocess.run([sys.executable, "make.py", "tests"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 1 and "no target 'tests'" in ran.stderr and "lab" in ran.stderr


def test_steps_take_no_arguments_silently():
    with pytest.raises(make.Stop, match="PYTEST_ADDOPTS"):
        make.steps("unit")(Path(sys.executable), ["-k", "fgsm"])


def test_the_lab_does_not_ask_about_news(tmp_path):
    make.write_lab_overrides(tmp_path / "share/overrides.json")
    (settings,) = json.loads((tmp_path / "share/overrides.json").read_text(encoding="utf-8")).values()
    assert settings == {"fetchNews": "false", "checkForUpdates": False}


@pytest.mark.parametrize(("uid", "asked"), [(0, True), (1000, False)])
def test_the_lab_stays_on_this_machine_with_its_token(checkout, monkeypatch, uid, asked):
    started = []
    monkeypatch.setattr(make.os, "execve", lambda program, command, env: started.append((command, env)))
    monkeypatch.setattr(make.os, "geteuid", lambda: uid, raising=False)
    # On Windows it is not replaced by JupyterLab, but starts it.
    monkeypatch.setattr(
        make.subprocess,
        "run",
        lambda command, cwd, env: started.append((command, env)) or subprocess.CompletedProcess(command, 0),
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    make.lab(make.venv_python(), ["--no-browser"])
    command, env = started[0]
    assert env["JUPYTER_CONFIG_PATH"].split(os.pathsep) == ["mine", str(make.ROOT / ".jupyter")]
    assert "--ip=127.0.0.1" in command and command[-1] == "--no-browser" and ("--allow-root" in command) == asked
    assert not any("token" in part or "password" in part for part in command)
