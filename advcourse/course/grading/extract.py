"""One function out of a notebook, with the definitions and imports it needs, and nothing else of what stands there."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from advcourse.course.notebook import MAGIC

# Cell magics after which the cell is still Python.
TRANSPARENT = re.compile(r"%%(time|timeit|capture|prun|debug|python3?)\b.*")
SHELL = re.compile(r"^(\s*)[\w, ]+=\s*[!%].*$", re.MULTILINE)
KNOWN = {*dir(builtins), "__name__", "__file__", "__doc__"}


@dataclass(frozen=True)
class Cell:
    """A code cell: its place in the notebook, counted from one, and its text."""

    number: int
    source: str

    @cached_property
    def python(self) -> str:
        """What Python would get of it: the lines of IPython's own replaced, so that lines keep their numbers."""
        head, newline, rest = self.source.lstrip("\n").partition("\n")
        if head.startswith("%%"):
            return newline + rest if TRANSPARENT.match(head) else ""
        if _parsed(self.source) is not None:
            return self.source
        return MAGIC.sub(r"\1pass", SHELL.sub(r"\1pass", self.source))

    @cached_property
    def tree(self) -> ast.Module | None:
        return _parsed(self.python)

    def names_function(self, name: str) -> bool:
        """Whether it seems to define this function, readable or not."""
        return bool(re.search(rf"^[^\S\n]*(async\s+)?def\s+{name}\b|^{name}\s*=", self.source, re.MULTILINE))


def _parsed(source: str) -> ast.Module | None:
    try:
        return compile(source, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@dataclass(frozen=True)
class Line:
    """A statement at the top of a cell, or one of the names that an import brings."""

    place: tuple[int, int, int]  # of the cell among the cells, of the statement, of the name in an import
    node: ast.stmt

    @cached_property
    def _table(self) -> symtable.SymbolTable | None:
        try:
            return symtable.symtable(ast.unparse(self.node), "cell", "exec")
        except (SyntaxError, ValueError, RecursionError):
            return None

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names it gives a value, or changes in place."""
        if isinstance(self.node, ast.Delete) or self._table is None:
            return frozenset()
        bound = {s.get_name() for s in self._table.get_symbols() if s.is_assigned() or s.is_imported()}
        return frozenset(bound | set(self._changed()))

    def _changed(self) -> Iterator[str]:
        """`a` of a.b = 1, a[0] = 1 and a.append(1)."""
        for node in ast.walk(self.node) if not isinstance(self.node, ast.FunctionDef | ast.ClassDef) else ():
            if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
                yield from _root(node)
        call = self.node.value if isinstance(self.node, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            yield from _root(call.func)

    @cached_property
    def needs(self) -> frozenset[str]:
        """The names that are looked up outside of it, now or when what it defines is called."""
        return frozenset(_looked_up(self._table)) - KNOWN if self._table is not None else frozenset()

    @property
    def is_definition(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)

    @property
    def imports_all(self) -> bool:
        return isinstance(self.node, ast.ImportFrom) and self.node.names[0].name == "*"

    @property
    def has_a_gap(self) -> bool:
        return any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(self.node))


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _looked_up(table: symtable.SymbolTable) -> Iterator[str]:
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _looked_up(child)


def lines_of(cells: Sequence[Cell]) -> list[Line]:
    """Every statement at the top of every readable cell, imports name by name."""
    found = []
    for c, cell in enumerate(cells):
        for s, node in enumerate(cell.tree.body if cell.tree else ()):
            names = len(node.names) if isinstance(node, ast.Import | ast.ImportFrom) else 1
            found += [Line((c, s, n), _alone(node, n)) for n in range(names)]
    return found


def _alone(node: ast.stmt, n: int) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import([node.names[n]], lineno=node.lineno, col_offset=node.col_offset)
    if isinstance(node, ast.ImportFrom):
        return ast.ImportFrom(node.module, [node.names[n]], node.level, lineno=node.lineno, col_offset=node.col_offset)
    return node


@dataclass(frozen=True)
class Program:
    """What has to run, in order, so that `name` is the answer. `lines` are places (cell, statement, name)."""

    name: str
    lines: tuple[Line, ...]
    target: Line


def program(name: str, lines: Sequence[Line]) -> Program | None:
    """The last definition of this name that has no open gap, and the lines it needs; None where there is none.

    A name means what it meant where it was looked up: a line above binds it, one below only where none above does.
    """
    target = _target(name, lines)
    if target is None:
        return None
    chosen: dict[tuple[int, int, int], Line] = {target.place: target}
    asked: set[tuple[str, tuple[int, int, int]]] = set()
    waiting = [(needed, target.place) for needed in target.needs]
    while waiting:
        if (question := waiting.pop()) in asked:
            continue
        asked.add(question)
        for line in _binding(*question, lines):
            if line.place not in chosen:
                chosen[line.place] = line
                waiting += [(needed, line.place) for needed in line.needs]
    return Program(name, tuple(chosen[place] for place in sorted(chosen)), target)


def _target(name: str, lines: Sequence[Line]) -> Line | None:
    """Of definitions rather than of other lines; one without a gap rather than one with."""
    binding = [line for line in lines if name in line.binds and not isinstance(line.node, ast.Expr)]
    for wanted in (
        [line for line in binding if line.is_definition and not line.has_a_gap],
        [line for line in binding if line.is_definition],
        [line for line in binding if not line.has_a_gap],
        binding,
    ):
        if wanted:
            return wanted[-1]
    return None


def _binding(name: str, place: tuple[int, int, int], lines: Sequence[Line]) -> list[Line]:
    """All lines above that bind the name, because the last one may fail; else the first below that does."""
    binding = [line for line in lines if name in line.binds]
    above = [line for line in binding if line.place < place]
    if given := [line for line in above if not isinstance(line.node, ast.Expr)]:
        # What a line does to a module, as torch.manual_seed(0), is not the function's business.
        only_imports = all(isinstance(line.node, ast.Import | ast.ImportFrom) for line in given)
        return given if only_imports else above
    if everything := [line for line in lines if line.imports_all and line.place < place]:
        return everything
    return [line for line in binding if line.place > place and not isinstance(line.node, ast.Expr)][:1]
