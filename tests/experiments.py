"""A claim's own experiment, cut out of its lecture: the statements that the claim depends on, and no others.

Figures, prints and widgets are left out, so is whatever only they need. What is left runs here, as plain Python.
"""

import ast
import inspect
import symtable
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import torch

LECTURES = Path(__file__).resolve().parent.parent / "lectures"
Made = Callable[..., object]  # its parameters are names of the lecture

SHOWN = {"print", "claim", "draw", "widgets"}  # a statement that begins with one of these changes nothing
GROWS = {"append", "update"}  # box_path.append may be handed to something that calls it


@dataclass(frozen=True)
class Line:
    """A top-level statement, the global names it reads, binds, stores into (as in `made[w] = z`), and may else change.

    Where it is sure that it binds them, nothing from before is left in them. And what it claims, if it makes a claim;
    and which cell of the notebook it stands in.
    """

    code: ast.stmt
    reads: frozenset[str]
    binds: frozenset[str]
    stores: frozenset[str]
    touches: frozenset[str]
    sure: bool
    claims: str
    cell: int

    @property
    def changes(self) -> frozenset[str]:
        """The names that may have another value after it."""
        return self.binds | self.stores | self.touches

    def needs(self, wanted: set[str]) -> set[str]:
        """The names that are wanted before this statement where these are after it."""
        return (wanted - self.binds if self.sure else wanted) | self.reads


def experiment(lecture: str, claim: str, smaller: Mapping[str, Made]) -> Callable[[], None]:
    """What runs the experiment of the one claim that begins with these words, id first, and makes the claim.

    smaller says how some names are made instead: `{"test": lambda test: test[:100]}` cuts what the lecture has made,
    `{"nets": lambda learn: [learn(0)]}` takes the place of the lecture's own way. Raises LookupError where there is not
    one such claim, or where a name plays no part in it.
    """
    lines = lines_of(lecture)
    found = [i for i, line in enumerate(lines) if line.claims.startswith(claim)]
    if len(found) != 1:
        raise LookupError(f"{lecture} has {len(found)} claims, not one, that begin with: {claim}")
    (at,) = found
    wanted, left, steps = set(lines[at].reads), dict(smaller), [lines[at].code]
    for line in reversed(lines[:at]):
        # From the last to the first, as all steps are turned round in the end: two may draw from one generator.
        for name in [name for name in reversed(left) if name in (line.binds | line.stores) & wanted]:
            steps.append((name, left.pop(name)))
            wanted = (wanted - {name}) | inspect.signature(steps[-1][1]).parameters.keys()
        if line.changes & wanted:
            steps.append(line.code)
            wanted = line.needs(wanted)
    if left:
        raise LookupError(f"in {lecture} this claim does not depend on {', '.join(left)}: {claim}")
    return lambda: _run(steps[::-1])


def _run(steps: list[ast.stmt | tuple[str, Made]]) -> None:
    torch.manual_seed(0)
    lecture = {"__name__": "lecture"}
    for step in steps:
        if isinstance(step, ast.stmt):
            exec(compile(ast.Module([step], []), "lecture", "exec"), lecture)
        else:
            name, make = step
            lecture[name] = make(*(lecture[known] for known in inspect.signature(make).parameters))


@cache
def lines_of(lecture: str) -> list[Line]:
    """All statements of a lecture but those that only draw."""
    cells = enumerate(nbformat.read(LECTURES / f"{lecture}.ipynb", 4).cells)
    sources = [(i, cell.source) for i, cell in cells if cell.cell_type == "code"]
    lines: list[Line] = []
    imported, later = set(), {}  # later: what a function reads is read where it is called
    for i, source in sources:
        for code in ast.parse(source).body:
            reads, binds = names(code)
            if isinstance(code, ast.Import | ast.ImportFrom):
                imported |= binds
            if "draw.picture(" in source and isinstance(code, ast.Expr | ast.For):
                continue
            if any(isinstance(node, ast.Lambda | ast.FunctionDef) for node in ast.walk(code)):
                later |= dict.fromkeys(binds, reads)
            reads = reads.union(*(later.get(name, ()) for name in reads))
            stores, touches = (set().union(*map(which, statements(code))) for which in (stored, touched))
            if isinstance(code, ast.For) and touches & ids(code.target):  # what is touched is an entry of this
                touches |= ids(code.iter)
            sure = isinstance(code, ast.Assign | ast.FunctionDef | ast.Import | ast.ImportFrom)
            told = map(frozenset, (reads, binds, stores, touches - imported))
            lines.append(Line(code, *told, sure, claimed(code), i))
    return lines


def names(code: ast.stmt) -> tuple[set[str], set[str]]:
    """The global names a statement reads, also inside functions and comprehensions, and those it binds."""
    scopes = [symtable.symtable(ast.unparse(code), "cell", "exec")]
    for scope in scopes:
        scopes += scope.get_children()
    symbols = [(scope, s) for scope in scopes for s in scope.get_symbols() if scope is scopes[0] or s.is_global()]
    reads = {s.get_name() for _, s in symbols if s.is_referenced()}
    binds = {s.get_name() for scope, s in symbols if scope is scopes[0] and (s.is_assigned() or s.is_imported())}
    if isinstance(code, ast.For):
        reads -= ids(code.target)
    reads, binds = reads - hidden(code), binds - hidden(code)
    return (reads | binds if isinstance(code, ast.AugAssign) else reads), binds


def hidden(code: ast.stmt) -> set[str]:
    """Names that only its comprehensions know: from Python 3.12 on symtable lists them as the statement's own."""
    kinds = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    inside = [node for node in ast.walk(code) if isinstance(node, kinds)]
    bound = set().union(*(ids(part.target) for one in inside for part in one.generators))
    within = {id(node) for one in inside for node in ast.walk(one)}
    return bound - {n.id for n in ast.walk(code) if isinstance(n, ast.Name) and id(n) not in within}


def statements(code: ast.stmt) -> Iterator[ast.stmt]:
    """The statement and those in its blocks; what a function does, it does when it is called."""
    yield code
    if not isinstance(code, ast.FunctionDef):
        for part in ast.iter_child_nodes(code):
            if isinstance(part, ast.stmt):
                yield from statements(part)


def stored(code: ast.stmt) -> set[str]:
    """Names of what a statement stores into."""
    inside = [*ast.walk(code)] if isinstance(code, ast.Assign | ast.AugAssign) else []
    kinds = ast.Subscript | ast.Attribute
    return set().union(*(ids(n.value) for n in inside if isinstance(n, kinds) and isinstance(n.ctx, ast.Store)))


def touched(code: ast.stmt) -> set[str]:
    """Names whose value may change in a call: all those of a statement that is nothing but a call, and what grows."""
    inside = [*ast.walk(code)] if isinstance(code, ast.Assign | ast.AugAssign | ast.Expr) else []
    if isinstance(code, ast.Expr) and ast.unparse(code).partition("(")[0].partition(".")[0] not in SHOWN:
        return ids(code)
    return set().union(*(ids(n.value) for n in inside if isinstance(n, ast.Attribute) and n.attr in GROWS))


def ids(code: ast.AST) -> set[str]:
    """All names in it."""
    return {node.id for node in ast.walk(code) if isinstance(node, ast.Name)}


def claimed(code: ast.stmt) -> str:
    """Id and words of the claim that this statement makes, itself or in a block of it; '' if it makes none."""
    for part in statements(code):
        if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call) and ast.unparse(part.value.func) == "claim":
            return " ".join(ast.literal_eval(word) for word in part.value.args)
    return ""
