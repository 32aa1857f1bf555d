"""Logits and how they change with the image: what is read off an answer that hides its gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from .forms import Form, stripped, tensor
from .words import Words


def logits_and_slopes(say: Words, classes: int) -> Form:
    """Logits of images z, the second argument: [B, K, 1], and behind them the D slopes of each, if z asks for them.

    `say` has the words for `cut-off`, where no logit depends on z, and for `gradient-is-nan`.
    """
    logits = tensor(lambda args: [len(args[1]), classes], "a row of logits for each image")

    def form(value: object, args: tuple) -> Tensor:
        out, z = logits(value, args)[:, :, None], args[1]
        if not z.requires_grad:
            return out
        assert isinstance(value, Tensor)
        value, slopes = stripped(value), [None] * classes
        if value.requires_grad:
            slopes = [torch.autograd.grad(k.sum(), z, retain_graph=True, allow_unused=True)[0] for k in value.unbind(1)]
        if all(slope is None for slope in slopes):  # the graph may lead to the weights alone
            say.fail("cut-off")
        rows = torch.stack([torch.zeros_like(z) if slope is None else slope for slope in slopes], 1).flatten(2)
        if rows.isnan().any():
            say.fail("gradient-is-nan", odd=int(rows.isnan().any(2).any(1).sum()), n=len(z))
        return torch.cat([out, rows.double()], 2)

    return form
