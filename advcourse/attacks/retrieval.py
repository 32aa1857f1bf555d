"""Query a database without revealing the query image: the looks of a carrier, the descriptor of a target."""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from advcourse.asking import Model, Trace, answer, attacking, check_roles, check_steps, evaluating, ignore
from advcourse.attacks.adam import Adam
from advcourse.attacks.gradient import score_gradient
from advcourse.descriptors import cosine_distance
from advcourse.goals import Loss, MatchDescriptor
from advcourse.threats import Linf, Threat, Unbounded

View = Callable[[Tensor], Tensor]
Ascent = Callable[[Tensor], tuple[Tensor, Tensor]]  # z [B, ...] -> gradient [B, ...] and value [B]


@torch.inference_mode(False)
def mismatch(
    embed: Model,
    carrier: Tensor,
    target: Tensor,
    threat: Threat,
    *,
    steps: int,
    step_size: float,
    loss: Loss = cosine_distance,
    weight: float = 0.0,
    sizes: Sequence[int] = (),
    blur: float = 0.3,
    trace: Trace = ignore,
) -> Tensor:
    """Images [B, C, H, W] that look like the carrier and mean the target to `embed`: the best iterate of each.

    Minimises loss(embed(z), embed(target)) + weight * |z - carrier|^2 / pixels within the threat, from the carrier on,
    by Adam and projection; step_size is what a pixel may move in one step. The paper's attack has Unbounded() and may
    pay for looks by the weight; Linf(eps) promises them. With `sizes` the loss is the mean over all of them, each image
    `resized` to each size (its longer side, in pixels), for a database that may work at any of them. For an unknown
    pooling `embed` answers with feature maps and the loss is `histogram_distance` or `tensor_distance`.
    Tolias, Radenovic and Chum, "Targeted Mismatch Adversarial Attack: Query with a Flower to Retrieve the Tower", ICCV
    2019.
    """
    if not 0 <= weight < math.inf:
        raise ValueError(f"weight must be finite and >= 0, the price of a changed look; got {weight}")
    views = [partial(resized, size=size, blur=blur) for size in sizes] or [_as_it_is]
    with evaluating(embed), torch.no_grad():
        goals = [MatchDescriptor(answer(embed, view(target)), loss) for view in views]
    check_roles(goals[0], threat)
    allowed = threat.around(carrier)
    # A step is about one step_size in each pixel, so that only the radius of l_inf says whether it is long enough.
    check_steps(threat if isinstance(threat, Linf) else Unbounded(), steps, step_size)
    goals[0].check_batch(carrier)
    z = best = carrier.detach().clone()
    if not len(z):
        return z
    top, adam = torch.full_like(z.flatten(1)[:, 0], -torch.inf), Adam()
    with _ascent(embed, carrier.detach(), views, goals, weight) as ascent:
        for _ in range(steps):
            trace(z)
            g, value = ascent(z)
            best, top = _better(best, top, z, value)
            z = allowed.project(z.add(adam.direction(g), alpha=step_size))
        trace(z)
        best, _ = _better(best, top, z, ascent(z)[1])
    return best


def resized(x: Tensor, size: int, blur: float = 0.3) -> Tensor:
    """Images [B, C, H, W] whose longer side has `size` pixels: blurred, then sampled; differentiable.

    The Gaussian's deviation is blur * longer side / size pixels, so that what the smaller image cannot hold is gone
    before it is sampled: bilinear sampling alone passes over most pixels, and a perturbation of just those that it
    meets means nothing to whoever resizes otherwise.
    """
    if x.ndim != 4:
        raise ValueError(f"images to be resized are [B, C, H, W]; got {list(x.shape)}: one image is x[None]")
    if not 1 <= size < math.inf or not 0 <= blur < math.inf:
        raise ValueError(f"size must be a number of pixels >= 1 and blur >= 0; got size={size}, blur={blur}")
    longer = max(x.shape[2:])
    scaled = [max(1, round(side * size / longer)) for side in x.shape[2:]]
    return F.interpolate(_blurred(x, blur * longer / size), scaled, mode="bilinear", align_corners=False)


def _blurred(x: Tensor, deviation: float) -> Tensor:
    """x [B, C, H, W] under a Gaussian of this deviation in pixels, its edges continued outwards."""
    reach = math.ceil(3 * deviation)
    if not reach:
        return x
    at = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
    kernel = (-at.square() / (2 * deviation**2)).softmax(0).expand(x.shape[1], 1, -1)
    x = F.pad(x, [reach] * 4, mode="replicate")
    x = F.conv2d(x, kernel[:, :, None], groups=x.shape[1])
    return F.conv2d(x, kernel[..., None], groups=x.shape[1])


def _as_it_is(x: Tensor) -> Tensor:
    return x


@contextmanager
def _ascent(
    embed: Model, carrier: Tensor, views: Sequence[View], goals: Sequence[MatchDescriptor], weight: float
) -> Generator[Ascent]:
    """What is climbed, as a function: the mean score over the views, less the price of the changed looks."""
    with ExitStack() as asking:
        # One for each view: the first answer to each is compared with its goal.
        forwards = [asking.enter_context(attacking(embed, carrier, goal)) for goal in goals]

        def ascent(z: Tensor) -> tuple[Tensor, Tensor]:
            change = z - carrier
            g = change * (-2 * weight / change[0].numel())
            value = -weight * change.square().flatten(1).mean(1)
            for view, forward, goal in zip(views, forwards, goals):  # one by one, so that one graph is kept at a time
                slope, score, _ = score_gradient(_after(view, forward), z, goal.score)
                g, value = g + slope / len(views), value + score / len(views)
            return g, value

        yield ascent


def _after(view: View, forward: Model) -> Model:
    return lambda z: forward(view(z))


def _better(best: Tensor, top: Tensor, z: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """The better of two images for each sample, and its value; of equal ones the earlier."""
    better = value > top
    return torch.where(better.view(-1, *[1] * (z.ndim - 1)), z, best), torch.where(better, value, top)
