"""python -m advcourse.course build | normalise | lint | grade | site | handout | doctor"""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

from advcourse.course.build import build, notebooks_in
from advcourse.course.doctor import report
from advcourse.course.handout import handout
from advcourse.course.lint import lint
from advcourse.course.normalise import tidy
from advcourse.course.notebook import NotebookError

KEPT = ("lectures", "solutions")  # the folders whose notebooks are saved with outputs


def run_build(options: argparse.Namespace) -> bool:
    outcomes = build(options.solutions, options.exercises, check=options.check, force=options.force)
    for outcome in outcomes:
        print(outcome)
    return all(outcome.good for outcome in outcomes)


def run_normalise(options: argparse.Namespace) -> bool:
    paths = options.paths or [path for folder in KEPT for path in notebooks_in(Path(folder))]
    if not paths:
        raise NotebookError("no notebooks in lectures/ and solutions/; run this in the root of the repository")
    good = True
    for path in paths:
        try:
            changed = tidy(path, run=options.execute, check=options.check)
        except NotebookError as error:
            print(error, file=sys.stderr, flush=True)
            good = False
        else:
            word = ("not normal" if options.check else "written") if changed else "up to date"
            print(f"{path}: {word}", flush=True)
            good = good and not (options.check and changed)
    return good


def run_lint(options: argparse.Namespace) -> bool:
    problems = lint(options.root)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems in notebooks" if problems else "notebooks: all rules kept")
    return not problems


def run_grade(options: argparse.Namespace) -> bool:
    # Loaded here: torch and the checks are not needed for anything else.
    from advcourse.course.grading.grade import grade
    from advcourse.course.grading.report import write_report
    from advcourse.course.grading.room import Limits

    limits = Limits(options.seconds, options.memory)
    try:
        whole = grade(options.folder, options.out, unit=options.unit, jobs=options.jobs, limits=limits)
    except KeyboardInterrupt as stopped:
        raise NotebookError("stopped; what was graded is kept, and the same command goes on from there") from stopped
    for line in write_report(whole, options.out):
        print(line)
    return True


def run_site(options: argparse.Namespace) -> bool:
    # Loaded here: Sphinx is an extra, and the reference imports the whole library.
    from advcourse.course.site.site import build_site

    out = options.out or Path("build") / ("site-instructors" if options.instructors else "site")
    warnings = build_site(Path(), out, instructors=options.instructors)
    for line in warnings:
        print(line, file=sys.stderr)
    print(
        f"{len(warnings)} warnings in the site's sources" if warnings else f"{out / 'index.html'}: open it in a browser"
    )
    return not warnings


def run_handout(options: argparse.Namespace) -> bool:
    folder, archive = handout(Path(), options.out, options.unit)
    print(f"{archive}: {archive.stat().st_size / 1e6:.0f} MB for students, the same in {folder}")
    return True


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m advcourse.course", description="Tools around the course's notebooks")
    commands = top.add_subparsers(required=True, metavar="build | normalise | lint | grade | site | handout | doctor")

    command = commands.add_parser("build", help="generate exercises/ from solutions/")
    command.add_argument("--solutions", type=Path, default=Path("solutions"))
    command.add_argument("--exercises", type=Path, default=Path("exercises"))
    command.add_argument("--check", action="store_true", help="write nothing, fail where something differs")
    command.add_argument("--force", action="store_true", help="replace what was worked in, keeping a backup")
    command.set_defaults(run=run_build)

    command = commands.add_parser("normalise", help="tidy saved notebooks (default: lectures/ and solutions/)")
    command.add_argument("paths", nargs="*", type=Path)
    command.add_argument("--execute", action="store_true", help="run them first")
    command.add_argument("--check", action="store_true", help="write nothing, fail where something would change")
    command.set_defaults(run=run_normalise)

    command = commands.add_parser("lint", help="check the notebooks against the rules of the course")
    command.add_argument("root", nargs="?", type=Path, default=Path())
    command.set_defaults(run=run_lint)

    command = commands.add_parser("grade", help="grade what a class handed in")
    command.add_argument("folder", type=Path, help="folder or zip with notebooks, as the platform gives it")
    command.add_argument("--unit", help="two digits; without it each notebook is graded as the unit it is of")
    command.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many at a time (default: all cores)")
    command.add_argument("--out", type=Path, default=Path("build/grading"), help="where the report goes")
    command.add_argument("--seconds", type=float, default=6.0, help="for each function (default: 6)")
    command.add_argument("--memory", type=int, default=2048, help="MiB for each function (default: 2048)")
    command.set_defaults(run=run_grade)

    command = commands.add_parser("site", help="build the course as web pages")
    command.add_argument("--instructors", action="store_true", help="with the notes for teachers")
    command.add_argument("--out", type=Path, help="default: build/site, or build/site-instructors")
    command.set_defaults(run=run_site)

    command = commands.add_parser("handout", help="make what students get: a folder and a zip")
    command.add_argument("--unit", nargs="+", default=[], metavar="NN", help="two digits each (default: all units)")
    command.add_argument("--out", type=Path, default=Path("build"), help="where handout/ and handout.zip go")
    command.set_defaults(run=run_handout)

    command = commands.add_parser("doctor", help="say what is here and what is missing")
    command.set_defaults(run=lambda options: report())
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; 0 where all is well."""
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name or a word that the console has no letters for
    try:
        return 0 if options.run(options) else 1
    except NotebookError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
