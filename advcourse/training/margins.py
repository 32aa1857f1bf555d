"""What is minimised to widen margins: the first-order distance to the boundary, or the smallest distortion itself."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from advcourse.answers import check_classes
from advcourse.asking import Adversary, answer, as_written, evaluating
from advcourse.goals import Untargeted, cross_entropy
from advcourse.threats import L1, L2, Linf

from .losses import standard_loss

Norm = type[L2] | type[Linf] | type[L1]
DUAL: dict[Norm, float] = {L2: 2, Linf: 1, L1: math.inf}


def large_margin_loss(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    norm: Norm,
    gamma: float,
    rivals: int = 1,
    layers: Sequence[str] = (),
    share: float = 1.0,
) -> Tensor:
    """Mean hinge on the first-order margin, max(0, gamma - min_k (a_y - a_k) / |grad (a_y - a_k)|_dual).

    The quotient is the signed distance, in the norm, to where the linearised logits of y and k meet: exact on a linear
    model. k runs over the `rivals` likeliest other classes; each costs a gradient. The denominator is held constant
    when the weights are differentiated, so no second derivative is taken. With `layers`, names of modules in the
    model, margins in their outputs are widened too: the loss is the mean over the input and these. A sample without
    any gradient has no boundary to first order, and its difference of logits stands for the margin. With share < 1 the
    rest, 1 - share, is the clean loss. Elsayed, Krishnan, Mobahi, Regan and Bengio, "Large Margin Deep Networks for
    Classification", NeurIPS 2018.
    """
    _check_margin(norm, gamma, rivals)
    _check_share(share)
    out, places = _noted(model, x, y, layers)
    lead = _leads(out, y, rivals)
    hinges = [(gamma - lead / slope).amax(1).clamp(min=0).mean() for slope in _slopes(lead, places, DUAL[norm])]
    wide = torch.stack(hinges).mean()
    return wide if share == 1 else torch.lerp(cross_entropy(out, y).mean(), wide, share)


@torch.inference_mode(False)
def first_order_margins(model: nn.Module, x: Tensor, y: Tensor, *, norm: Norm, rivals: int = 1) -> Tensor:
    """min_k (a_y - a_k) / |grad (a_y - a_k)|_dual of every sample: [B, ...] -> [B], below zero where y loses.

    On a linear model the distance to the boundary, without a box; elsewhere what `large_margin_loss` takes for it.
    """
    _check_margin(norm, 1.0, rivals)
    with evaluating(model):
        out, places = _noted(model, x, y, ())
        lead = _leads(out, y, rivals)
        (slope,) = _slopes(lead, places, DUAL[norm])
    return (lead.detach() / slope).amin(1)


def mma_loss(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    attack: Adversary,
    norm: Norm,
    largest: float,
    halvings: int,
    share: float,
) -> Tensor:
    """(1 - share) * clean loss + share * loss that widens margins, each sample's own: no eps to choose.

    A right sample is asked at its smallest distortion z*, its cross entropy there; a wrong one as it is. Right ones
    that lie `largest` or farther from the boundary cost nothing in that part. z* is what attack(model, x, goal) returns
    for the right samples, brought back along the way from x by `halvings` of the interval in which the model changes
    its mind: with a minimal attack few are needed, with PGD some ten. Whom the attack did not fool counts as far away.
    At the boundary, the gradient of the loss at a constant z* is that of the distance, up to a factor.
    Ding, Sharma, Lui and Huang, "MMA Training: Direct Input Space Margin Maximization through Adversarial Training",
    ICLR 2020; there share is 2/3.
    """
    _check_share(share)
    z, counts = boundary_points(model, x, y, attack=attack, norm=norm, largest=largest, halvings=halvings)
    rows = counts.nonzero().squeeze(1)
    widening = cross_entropy(answer(model, z[rows]), y[rows]).sum() / max(len(x), 1)
    return torch.lerp(standard_loss(model, x, y), widening, share)


def boundary_points(
    model: nn.Module, x: Tensor, y: Tensor, *, attack: Adversary, norm: Norm, largest: float, halvings: int
) -> tuple[Tensor, Tensor]:
    """Where `mma_loss` asks each sample, z [B, ...], and whether that counts, [B] bool.

    A wrong sample is asked at x and counts; a right one at the nearest point of another class on the attack's way, and
    counts where that is fooled and nearer than `largest`.
    """
    _check_norm(norm)
    if not largest > 0 or halvings < 0:
        raise ValueError(
            f"largest is the distance from which on a margin is wide enough, > 0, and halvings >= 0; got "
            f"largest={largest}, halvings={halvings}"
        )
    with evaluating(model), torch.no_grad():
        out = answer(model, x)
        check_classes(out, y)
        right = Untargeted(y).margins(out).amax(1) <= 0
        z, counts, rows = x.detach().clone(), torch.ones_like(right), right.nonzero().squeeze(1)
        if not len(rows):
            return z, counts
        goal, start = Untargeted(y[rows]), x.detach()[rows]
        far = attack(model, start, goal).detach()
        fooled = goal.reached(answer(model, far))
        near = start
        for _ in range(halvings):
            middle = (near + far) / 2
            there = goal.reached(answer(model, middle)).view(-1, *[1] * (x.ndim - 1))
            near, far = torch.where(there, near, middle), torch.where(there, middle, far)
        z[rows], counts[rows] = far, fooled & (norm.size(far - start) < largest)
    return z, counts


def _noted(model: nn.Module, x: Tensor, y: Tensor, layers: Sequence[str]) -> tuple[Tensor, list[Tensor]]:
    """The logits, and where margins are asked for: the input and the layers' outputs, all in one graph."""
    places = [x.detach().clone().requires_grad_()]

    def note(module: nn.Module, given: tuple, made: Tensor) -> None:
        places.append(made)

    hooks = [model.get_submodule(layer).register_forward_hook(note) for layer in layers]
    try:
        with torch.enable_grad():
            out = answer(model, places[0])
    finally:
        for hook in hooks:
            hook.remove()
    check_classes(out, y)
    if len(places) != 1 + len(layers):
        raise ValueError(
            f"the layers {', '.join(layers)} were asked {len(places) - 1} times: a margin is that of an output which "
            "the model computes once for a batch"
        )
    return out, places


def _leads(out: Tensor, y: Tensor, rivals: int) -> Tensor:
    """a_y - a_k over the likeliest rivals: [B, K] -> [B, R]."""
    with torch.enable_grad():
        over = Untargeted(y).margins(out)
        return -over.topk(min(rivals, over.shape[1]), dim=1).values


def _slopes(lead: Tensor, places: list[Tensor], dual: float) -> list[Tensor]:
    """|grad lead|_dual at every place, [B, R] each and constant; 1 where there is no gradient."""
    with as_written(), torch.enable_grad():
        columns = [torch.autograd.grad(column.sum(), places, retain_graph=True) for column in lead.unbind(1)]
    stacked = [torch.stack([g.flatten(1) for g in gradients], 1) for gradients in zip(*columns)]
    # Divided by its largest entry first, a tiny gradient has a square that is not zero.
    scales = [g.abs().amax(2, keepdim=True) for g in stacked]
    safe = [torch.where(scale > 0, scale, 1.0) for scale in scales]
    lengths = [torch.linalg.vector_norm(g / s, dual, dim=2) * s.squeeze(2) for g, s in zip(stacked, safe)]
    return [torch.where(length > 0, length, 1.0) for length in lengths]


def _check_margin(norm: Norm, gamma: float, rivals: int) -> None:
    _check_norm(norm)
    if not 0 < gamma < math.inf or rivals < 1:
        raise ValueError(
            f"gamma is the margin that is asked for, in pixels of [0, 1] and positive, and rivals at least 1; got "
            f"gamma={gamma}, rivals={rivals}"
        )


def _check_norm(norm: Norm) -> None:
    if norm not in DUAL:
        raise ValueError(f"norm must be L2, Linf or L1 itself, without a radius; got {norm!r}: use norm=Linf")


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"share is the weight of the margins against the clean loss, in [0, 1]; got {share}")
