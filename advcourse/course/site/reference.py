"""The pages of the reference: every public name with its docstring and an example, in the order of the course."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import advcourse
from advcourse.course.site.docstrings import marked_up
from advcourse.course.site.examples import Sheet, read_sheet

# Rooms that people import from, as the course meets them. Of the inner rooms only what `advcourse` itself offers is
# public, and the types that signatures name.
DRAWINGS = (
    *("cues", "diagnoses", "distortion", "evaluation", "kinks", "margins", "neighbours", "noise", "people", "route"),
    *("sandwich", "transfer"),
)
ROOMS = (
    *("goals", "threats", "attacks", "oracles", "descriptors", "convex", "models", "models.stochastic", "detection"),
    *("defences", "certify", "training", "density", "toys", "data", "measure", "conflict", "checkpoints", "retrieval"),
    *("draw", *(f"draw.{drawing}" for drawing in DRAWINGS), "widgets"),
)
INNER = ("asking", "device", "claims", "checks")
TYPES = {"asking": ("Model", "Trace", "Attack"), "threats": ("Threat",)}
OFFERED = {name: getattr(advcourse, name) for name in advcourse.__all__}


def module_of(room: str) -> ModuleType:
    return importlib.import_module(f"advcourse.{room}")


def public(room: str) -> list[str]:
    """The public names of a room, in the order of its file: its own list, or all it defines, and what is offered."""
    module = module_of(room)
    listed = [name for name in getattr(module, "__all__", ()) if not inspect.ismodule(getattr(module, name))]
    own = listed or [name for name, thing in vars(module).items() if defined(name, thing, module)]
    offered = [name for name, thing in OFFERED.items() if within(room, getattr(thing, "__module__", ""))]
    kept = [name for name in own if room not in INNER or name in OFFERED]
    return [*kept, *(name for name in offered if name not in kept), *TYPES.get(room, ())]


def defined(name: str, thing: object, module: ModuleType) -> bool:
    return not name.startswith(("_", "check_")) and getattr(thing, "__module__", "") == module.__name__


def within(room: str, module: str) -> bool:
    return f"{module}.".startswith(f"advcourse.{room}.")


def words_of(module: ModuleType) -> list[str]:
    return inspect.cleandoc(module.__doc__ or "").splitlines()


def full(room: str, name: str) -> str:
    """Where one imports it from: `advcourse` where that offers it."""
    same = name in OFFERED and getattr(module_of(room), name, OFFERED[name]) is OFFERED[name]
    return f"advcourse.{name}" if same else f"advcourse.{room}.{name}"


def reference_pages(examples: Path) -> dict[str, str]:
    """All pages by file name; `examples` is the folder with the examples of each room."""
    rooms = (*ROOMS, *INNER)
    pages = {f"{room}.rst": room_page(room, read_sheet(examples / f"{room}.txt")) for room in rooms}
    return {"index.rst": index_page(), **pages}


def title(text: str, line: str = "=") -> list[str]:
    return [text, line * len(text), ""]


def indented(text: str) -> list[str]:
    return [f"   {line}".rstrip() for line in text.splitlines()]


# The list of names ----------------------------------------------------------------------------------------------------


def index_page() -> str:
    """What `advcourse` offers, under the words that stand in its list, and all rooms."""
    lines = [*title("Reference"), *marked_up(words_of(advcourse))]
    for words, names in groups():
        lines += ["", *title(words[0].upper() + words[1:], "-"), ".. list-table::", "   :widths: 30 70", ""]
        for name in names:
            lines += [f"   * - :py:obj:`~advcourse.{name}`", f"     - {marked_up([sentence(OFFERED[name])])[0]}"]
    lines += ["", *title("The rooms", "-"), ".. toctree::", "   :maxdepth: 1", ""]
    return "\n".join([*lines, *(f"   {room}" for room in (*ROOMS, *INNER)), ""])


def groups() -> list[tuple[str, list[str]]]:
    """The names of `advcourse.__all__` under the comments that stand between them."""
    listed = inspect.getsource(advcourse).partition("__all__ = [")[2]
    found: list[tuple[str, list[str]]] = []
    for comment, name in re.findall(r'^    (?:# (.+)|"(\w+)",)$', listed, re.M):
        if comment:
            found.append((comment, []))
        else:
            found[-1][1].append(name)
    return found


def sentence(thing: object) -> str:
    """The first line of the docstring; it ends with the line, or where the next sentence begins."""
    words = " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())
    return re.split(r"(?<=[.;]) (?=[A-Z])", words)[0].rstrip(":")


# A room ---------------------------------------------------------------------------------------------------------------


def room_page(room: str, sheet: Sheet) -> str:
    """A room's docstring, what its examples begin with, and its names."""
    name = f"advcourse.{room}"
    home = [] if room in OFFERED else [f".. py:module:: {name}", ""]  # `advcourse.device` is the function
    house, _, own = name.rpartition(".")
    opens = [] if room in INNER else [f"``from {house} import {own}``", ""]
    lines = [*title(room), *home, *opens, *marked_up(words_of(module_of(room)))]
    if sheet.begins:
        lines += ["The examples of this page begin with", "", *sheet.begins.splitlines(), ""]
    for thing in public(room):
        lines += [*entry(room, thing, sheet), ""]
    return "\n".join(lines)


def entry(room: str, name: str, sheet: Sheet) -> list[str]:
    """One name: what autodoc finds, or the example's own words, and the example."""
    thing, example = getattr(module_of(room), name, OFFERED.get(name)), sheet.of(name)
    kind, options = directive(thing)
    shown = indented(example.session) if example and example.names[0] == name else []
    if example and example.names[0] != name:
        shown = [f"   The example of :py:obj:`~{full(room, example.names[0])}` shows it."]
    own_words = example.words if example and kind == "py:data" else ""
    module, _, own = full(room, name).rpartition(".")
    where = [f".. {kind}:: {own}", f"   :module: {module}"] if kind == "py:data" else [f".. {kind}:: {module}.{own}"]
    return [*where, *options, "", *indented("\n".join(marked_up([own_words]))), "", *shown]


def directive(thing: object) -> tuple[str, list[str]]:
    """What describes it: autodoc where there is a docstring; a constant or a type has its words in the example."""
    if inspect.isclass(thing):
        panel = any(base.__name__ == "HasTraits" for base in thing.__mro__)
        return "autoclass", [] if panel else ["   :members:"]
    function = callable(thing) and inspect.isfunction(inspect.unwrap(thing))
    return ("autofunction", []) if function else ("py:data", [])
