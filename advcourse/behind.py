"""The networks behind a model that is a function: those it names, holds or calls.

`lambda z: network(z).logits` is a model too, and its network has to be in evaluation mode while it is asked.
"""

from collections.abc import Iterable, Iterator
from functools import partial, singledispatch
from itertools import chain
from types import CodeType, FunctionType, MethodType, ModuleType

from torch import Tensor, nn

LONG = 100  # a list of so many things is data, no ensemble
DEPTH = 4  # a function, a list of functions, an object of theirs and what it holds


def networks(model: object) -> list[nn.Module]:
    """Every nn.Module that model is or can be seen to use, each once."""
    if isinstance(model, nn.Module):
        return [model]
    found, seen, level = [], set(), [model]
    for _ in range(DEPTH + 1):
        new = {id(thing): thing for thing in level if id(thing) not in seen}
        seen |= set(new)
        found += [thing for thing in new.values() if isinstance(thing, nn.Module)]
        level = list(chain.from_iterable(inside(v) for v in new.values() if not isinstance(v, nn.Module)))
    return found


@singledispatch
def inside(thing: object) -> Iterable[object]:
    """What an object holds: its attributes."""
    return list(getattr(thing, "__dict__", {}).values())


@inside.register(type)
@inside.register(ModuleType)
@inside.register(Tensor)
def _(thing: object) -> Iterable[object]:
    return ()


@inside.register(list)
@inside.register(tuple)
def _(thing: list) -> Iterable[object]:
    return thing if len(thing) < LONG else ()


@inside.register(dict)
def _(thing: dict) -> Iterable[object]:
    return list(thing.values()) if len(thing) < LONG else ()


@inside.register(MethodType)
def _(thing: MethodType) -> Iterable[object]:
    return thing.__self__, thing.__func__


@inside.register(partial)
def _(thing: partial) -> Iterable[object]:
    return thing.func, *thing.args, *thing.keywords.values()


@inside.register(FunctionType)
def _(thing: FunctionType) -> Iterable[object]:
    """What the function closes over, its defaults, the globals it names, and what it wraps."""
    for cell in thing.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            continue
    yield from thing.__defaults__ or ()
    yield from (thing.__kwdefaults__ or {}).values()
    yield from thing.__dict__.values()
    yield from (thing.__globals__[name] for name in names(thing.__code__) if name in thing.__globals__)


def names(code: CodeType) -> Iterator[str]:
    """All names in a function and in those that are written inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names(constant)
