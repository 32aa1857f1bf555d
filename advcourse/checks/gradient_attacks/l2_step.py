"""The check for `l2_step(g, step_size)`: every sample of a batch steps by one L2 length along its own gradient."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..interview import Interview
from ..verdict import fail, instead_of, number, span

STEP = 0.5


def check_l2_step(ask: Interview) -> str:
    g = _gradients(4, 3, 2, 5)
    _compare(ask(g, STEP), g, ask)
    _require_rest_at_zero(ask)
    _require_any_rank(ask)
    at_tiny = _at_tiny_gradients(ask)
    if not _same(ask(g.double(), STEP), steepest(g.double(), STEP)):
        fail("wrong-elsewhere", "Right in float32, wrong in float64.", "Which precision does your code name?")
    return f"Every sample steps by one L2 length along its own gradient{at_tiny} and rests at zero."


def steepest(g: Tensor, step_size: float) -> Tensor:
    """In float64, where 1e-20 is still a number when squared."""
    flat = g.double().reshape(len(g), -1)
    length = flat.norm(dim=1, keepdim=True)
    return (step_size * flat / length.where(length > 0, 1)).reshape(g.shape).to(g.dtype)


def _gradients(*shape: int) -> Tensor:
    """Samples of very different length, none of it 1, with every entry away from zero."""
    draw = torch.Generator().manual_seed(7)
    g = (0.2 + torch.rand(shape, generator=draw)) * (torch.rand(shape, generator=draw) - 0.5).sign()
    scale = torch.tensor([0.3, 1.7, 5.0, 0.08, 2.2])[: shape[0]]
    return g * scale.view(-1, *[1] * (len(shape) - 1))


def _compare(answer: Tensor, g: Tensor, ask: Interview) -> None:
    right = steepest(g, STEP)
    if _same(answer, right):
        return
    a, flat = answer.flatten(1), g.flatten(1)
    lengths = a.norm(dim=1)
    if not answer.any():
        fail("zero-step", "The step is zero although no gradient is.", "What is the gradient multiplied by in the end?")
    if _constant(a.abs()):
        fail(
            "sign-step",
            f"Entries have size {number(a.abs().mean())}, the samples L2 length {number(lengths.mean())}, not {STEP}.",
            "That is the steepest step for the largest entry: which norm is fixed here?",
        )
    cosine = torch.cosine_similarity(a, flat, dim=1)
    if (cosine < -0.999).all():
        fail("minus-sign", "Every step points against its gradient.", "Steepest means up: which way does yours go?")
    if (cosine > 0.999).all():
        _refuse_wrong_length(a, flat)
    for dims, diagnosis, group in PARTS:
        if _constant(answer.norm(dim=dims)):
            part = number(answer.norm(dim=dims).mean())
            fail(
                diagnosis,
                f"Every {group} has length {part} by itself, a sample up to {number(lengths.max())}.",
                "A sample is one vector, whatever its shape: over which dimensions is its length a sum?",
            )
    alone = torch.cat([ask(one, STEP) for one in g.split(1)])
    if _same(alone, right):
        fail(
            "couples-samples",
            f"One sample at a time it is right, in a batch it is off by up to {number((answer - right).abs().max())}.",
            "A sample's step must not depend on its neighbours: where do samples meet in your code?",
        )
    fail(
        "wrong-value",
        f"Lengths are {span(lengths)} at step_size = {STEP}, directions not the gradient's.",
        "Take one sample with two numbers, 3 and 4, and compute its step by hand.",
    )


# Dimensions of [B, C, H, W] over which a length is taken by mistake; where rows are equal, so are channels.
PARTS = (
    ((1,), "across-channels-norm", "pixel's vector of channels"),
    ((3,), "last-dim-norm", "row"),
    ((2,), "per-column-norm", "column"),
    ((2, 3), "per-channel-norm", "channel"),
    ((0,), "across-batch-norm", "pixel's vector over the batch"),
)


def _refuse_wrong_length(a: Tensor, g: Tensor) -> None:
    """The directions are right, the lengths are not: which length was made equal instead?"""
    lengths, norms = a.norm(dim=1), g.norm(dim=1)
    saw = f"L2 lengths of {span(lengths)}"
    if _near(lengths, STEP * norms) or _near(lengths, norms):
        fail(
            "not-normalised",
            f"The steps have {saw}, in proportion to the gradients.",
            "Each of them should have the same length.",
        )
    if _near(lengths, STEP * norms / norms.norm()):
        fail(
            "whole-batch-norm",
            f"Lengths run from {span(lengths)}, and all samples together have length {number(lengths.norm())}.",
            "Compare a batch of one with a batch of four: a sample's step must not depend on its neighbours.",
        )
    if _near(a.norm(1, dim=1), STEP):
        fail(
            "l1-norm",
            f"The sizes of each sample's entries add up to {STEP}: {saw}.",
            "Which norm is that the length of?",
        )
    if _near(a.abs().amax(1), STEP):
        fail("max-norm", f"The largest entry of every sample is {STEP}: {saw}.", "Which norm is that the length of?")
    if _near(lengths, STEP / norms):
        fail(
            "squared-norm",
            f"The longer the gradient, the shorter the step: {saw}.",
            "What is the unit of what you divide by?",
        )
    if _near(lengths, STEP * math.sqrt(a.shape[1])) or _near(a.abs().mean(1), STEP):
        fail(
            "mean-norm",
            f"The steps have {saw}, more the more pixels there are.",
            "A length is a sum over the pixels, not an average.",
        )
    if _near(lengths, 1):
        fail(
            "ignores-step-size", f"Every step has length 1 where {STEP} was asked for.", "Where does step_size come in?"
        )
    fail(
        "wrong-length",
        f"The directions are right, with {saw} where {STEP} was asked for.",
        "What is each sample divided by?",
    )


def _require_rest_at_zero(ask: Interview) -> None:
    g = _gradients(4, 3, 2, 5)
    g[1] = 0
    with instead_of(
        "nan",
        diagnosis="nan-at-zero",
        seen="A sample whose gradient is exactly zero comes back as NaN, in a batch with three others.",
        look="There is no steepest direction then: the step is meant to be zero, and what is 0 divided by 0?",
    ):
        answer = ask(g, STEP)
    if answer[1].any():
        fail(
            "moves-at-zero",
            f"A sample whose gradient is exactly zero moves by {number(answer[1].norm())}.",
            "There is no steepest direction then: where does this one come from?",
        )
    if not _same(answer, steepest(g, STEP)):
        fail(
            "zero-spoils-others",
            f"Beside a sample without gradient others have lengths {span(answer.flatten(1).norm(dim=1)[2:])}.",
            "A sample's step must not depend on its neighbours.",
        )


def _require_any_rank(ask: Interview) -> None:
    for shape in ((1, 3, 2, 5), (5, 2), (4, 2, 3, 2, 2)):
        with instead_of(
            "raises",
            "wrong-shape",
            diagnosis="fixed-shape",
            seen=f"It works for batches of images [B, C, H, W], but not for a batch of shape {list(shape)}.",
            look="How many dimensions does your code assume, and where could it read their number off the input?",
        ):
            answer = ask(_gradients(*shape), STEP)
        if not _same(answer, steepest(_gradients(*shape), STEP)):
            fail(
                "fixed-shape",
                f"Right for images [B, C, H, W], wrong for a batch of shape {list(shape)}.",
                "How many dimensions does your code assume, and over which of them does it sum?",
            )


def _at_tiny_gradients(ask: Interview) -> str:
    """What to add about gradients of size 1e-20: a short step there is a blemish, no number a mistake."""
    g = _gradients(4, 3, 2, 5)
    tiny = 1e-20 * g / g.abs().amax((1, 2, 3), keepdim=True)
    with instead_of(
        "nan",
        diagnosis="nan-at-tiny",
        seen="For gradients of size 1e-20 the step is NaN or infinite.",
        look="Saturated models have such gradients: what becomes of the square of 1e-20 in float32?",
    ):
        shortest = ask(tiny, STEP).flatten(1).norm(dim=1).min()
    # Squares of 1e-20 are subnormal in float32: two digits are left, and that is good enough for a step.
    if shortest > 0.98 * STEP:
        return ", be it as small as 1e-20,"
    return f" (only {number(shortest)} long at gradients of 1e-20: does a constant in the denominator outweigh them?)"


def _near(a: Tensor, b: Tensor | float) -> bool:
    return bool(((a - b).abs() <= 1e-3 * torch.as_tensor(b).abs()).all())


def _same(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= 1e-5)


def _constant(sizes: Tensor) -> bool:
    return _near(sizes, sizes.mean())
