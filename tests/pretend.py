"""A second device that needs no hardware: tensors on 'pretend' keep their numbers in CPU memory and own up to nothing.

What CUDA refuses is refused here: two devices in one operation, numpy without `.cpu()`, a generator of the CPU.
After `refuse_float64` it also refuses what Apple's MPS does: a tensor in float64, and to become one on the way out.
Built on PyTorch's hook for backends in Python (`torch.utils.backend_registration`), which is experimental.
"""

import functools

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretend"
aten = torch.ops.aten
DOUBLE = {torch.float64, torch.complex128}
INDEXING = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default}
MOVES = {aten._to_copy.default, aten.copy_.default}

LIBRARY = torch.library.Library("_", "IMPL")  # what it registers is undone when it is collected

refused: set[torch.dtype] = set()  # what the device cannot hold


class Pretend(Tensor):
    """A tensor on the device: the outside says 'pretend', `inside` is where the numbers are."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inside: Tensor):
        refuse_numbers(inside.dtype)
        where = {"strides": inside.stride(), "storage_offset": inside.storage_offset(), "dtype": inside.dtype}
        self = Tensor._make_wrapper_subclass(cls, inside.shape, device=torch.device(NAME, 0), **where)
        self.inside = inside
        return self

    @classmethod
    def __torch_dispatch__(cls, op, types, args=(), kwargs=None):
        return call(op, args, kwargs or {})

    # What PyTorch does for its own devices outside of the dispatcher, and so forgets for this one.

    def __getitem__(self, index):
        return super().__getitem__(as_tensors(index))

    def __setitem__(self, index, value):
        super().__setitem__(as_tensors(index), value)

    def tolist(self):
        return self.inside.tolist()

    def data_ptr(self):
        return self.inside.data_ptr()

    def numpy(self, *_, **__):
        raise TypeError(f"can't convert {NAME}:0 device type tensor to numpy. Use Tensor.cpu() first.")

    __array__ = numpy

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
        return torch.tensor(data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)

    def quantile(self, *args, **kwargs):  # interpolated in float64, except on MPS
        return Pretend(self.inside.quantile(*args, **kwargs))

    def __format__(self, spec):
        return format(self.item() if self.ndim == 0 else str(self), spec)

    def __repr__(self, **_):
        return f"{repr(self.inside)[:-1]}, device='{NAME}:0')"

    def __deepcopy__(self, memo):
        twin = Pretend(self.inside.clone())
        if isinstance(self, nn.Parameter):
            twin = nn.Parameter(twin, self.requires_grad)
        twin.requires_grad_(self.requires_grad)
        twin.grad = None if self.grad is None else self.grad.clone()
        return memo.setdefault(id(self), twin)


def as_tensors(index):
    """Lists and arrays among the indices as tensors, which is all that the dispatcher sees of them."""
    if isinstance(index, tuple):
        return tuple(map(as_tensors, index))
    return torch.as_tensor(index) if isinstance(index, list | range | np.ndarray) else index


def is_here(device) -> bool:
    return device is not None and torch.device(device).type == NAME


def call(op, args, kwargs):
    """One operation: refused where a device would, else done on the insides, its results on the device again."""
    leaves, shape = tree_flatten((args, kwargs))
    ours = [leaf for leaf in leaves if isinstance(leaf, Pretend)]
    here = is_here(kwargs["device"]) if kwargs.get("device") is not None else bool(ours)
    if op in MOVES:
        refuse_a_cast_on_the_way_out(op, args, kwargs)
    else:
        refuse_other_devices(op, args, leaves)
    if here:
        refuse_generators(leaves)
    bare = [leaf.inside if isinstance(leaf, Pretend) else leaf for leaf in leaves]
    bare_args, bare_kwargs = tree_unflatten(bare, shape)
    if is_here(bare_kwargs.get("device")):
        bare_kwargs["device"] = torch.device("cpu")
    out = op(*bare_args, **bare_kwargs)
    if op is aten.copy_.default:
        return args[0]
    return tree_map_only(Tensor, functools.partial(wrapped, ours), out) if here else out


def wrapped(ours: list[Pretend], inside: Tensor) -> Pretend:
    """A result on the device; the argument itself where the operation worked in place."""
    for one in ours:
        if one.inside is inside:
            if one.shape != inside.shape:  # an `out` that was given without a size
                one.data = Pretend(inside)
            return one
    return Pretend(inside)


def refuse_other_devices(op, args, leaves) -> None:
    """As CUDA: all tensors on one device, but for single numbers and, into a tensor of the device, for indices."""
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    strangers = [t for t in tensors if not isinstance(t, Pretend)]
    if len(strangers) in (0, len(tensors)):
        return
    if op in INDEXING:
        if not isinstance(args[0], Pretend):
            raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor (cpu)")
        strangers = [t for t in args[2:3] if isinstance(t, Tensor) and not isinstance(t, Pretend)]
    in_place = op._schema.is_mutable and not isinstance(args[0], Pretend)
    bad = [t for t in strangers if t.ndim]
    if bad or in_place:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {NAME}:0 and cpu! "
            f"({op}, {[list(t.shape) for t in bad]} on the CPU)"
        )
    for single in strangers:
        refuse_numbers(single.dtype)


def refuse_numbers(dtype: torch.dtype | None) -> None:
    if dtype in refused:
        raise TypeError(f"Cannot convert a {NAME} tensor to {dtype}: the device has no such numbers")


def refuse_generators(leaves) -> None:
    if any(isinstance(leaf, torch.Generator) for leaf in leaves):
        raise RuntimeError(f"Expected a '{NAME}' device type for generator but found 'cpu'")


def refuse_a_cast_on_the_way_out(op, args, kwargs) -> None:
    """A device converts before it sends: what it cannot hold has to be converted at home, `.cpu().double()`."""
    there, source = (args[0].dtype, args[1]) if op is aten.copy_.default else (kwargs.get("dtype"), args[0])
    if isinstance(source, Pretend):
        refuse_numbers(there)


def made_at_home(make):
    """torch.tensor and its like, which never ask the dispatcher, as a CPU tensor that is then moved."""

    @functools.wraps(make)
    def made(data, *, device=None, requires_grad=False, **kwargs):
        if isinstance(data, list | tuple):
            data = tree_map_only(Pretend, Pretend.tolist, data)
        if is_here(device):
            moved = make(data, **kwargs).to(device)
            return moved.requires_grad_() if requires_grad else moved
        more = {"requires_grad": True} if requires_grad else {}
        return make(data, device=device, **more, **kwargs)

    return made


def refuse_float64() -> None:
    """From now on the device has no numbers in double precision."""
    refused.update(DOUBLE)


@functools.cache
def start() -> None:
    """Make 'pretend' a device of this process.

    Autograd counts the devices at its first backward pass, so that this has to come before it; and afterwards a fork
    cannot run autograd, as with CUDA. Hence the tests on it have a process of their own.
    """
    _setup_privateuseone_for_python_backend(rename=NAME)
    LIBRARY.fallback(lambda op, *args, **kwargs: call(op, args, kwargs), "PrivateUse1")
    for name in ("tensor", "as_tensor", "asarray"):
        setattr(torch, name, made_at_home(getattr(torch, name)))
    x = torch.ones(1).to(NAME).requires_grad_()
    try:
        x.sum().backward()
    except RuntimeError as error:
        raise RuntimeError(f"{NAME} must be started before the first backward pass of a process") from error
