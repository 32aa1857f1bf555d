"""Randomised smoothing: a vote over noise in the input, and the l_2 ball in which nothing can change it."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from advcourse.answers import check_logits, check_no_nan
from advcourse.asking import Model, answer, evaluating
from advcourse.inputs import check_inputs
from advcourse.threats import Unbounded

from .samples import rounded_down

PIXELS = Unbounded()
COPIES, NUMBERS = 1000, 2**22  # so many noisy copies, or numbers of them, are made at a time
ABSTAINED = -1  # the label of a vote that is too close to call


@dataclass(frozen=True, eq=False)
class Votes:
    """Labels [B], -1 where the vote abstains, and radii [B] in l_2 within which it cannot change; zero where it does.

    `share` [B] is the lower bound of the winner's probability under the noise on which the radius rests.
    """

    label: Tensor
    radius: Tensor
    share: Tensor


@torch.inference_mode(False)
def smoothed(
    model: Model,
    x: Tensor,
    *,
    sigma: float,
    draws: int,
    first: int = 100,
    alpha: float = 0.001,
    generator: Generator | None = None,
    box: Unbounded = PIXELS,
) -> Votes:
    """What the model answers most often under noise N(0, sigma^2 I), and how far an attacker must go to change that.

    Of every sample x [B, ...], `first` noisy copies guess the winner c; `draws` new ones count how often it wins, which
    bounds p(c) from below at level 1 - alpha by Clopper and Pearson. Above a half the vote is c within the l_2 radius
    sigma * Phi^-1(p), for every attack there is: with probability 1 - alpha for each sample, as noise is drawn. Else
    the vote abstains. It is the vote that is certified, neither the model nor its mean. Each sample has dice of its
    own, seeded by the generator, so that a sample does not depend on its batch.
    Cohen, Rosenfeld and Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019.
    """
    _check(sigma, draws, first, alpha)
    x = check_inputs(x, box)
    device = generator.device if generator is not None else "cpu"
    seeds = torch.randint(2**62, (len(x),), generator=generator, device=device).tolist()
    labels, shares = [], []
    with evaluating(model), torch.no_grad():
        for one, seed in zip(x, seeds):
            dice = Generator().manual_seed(seed)
            guess = int(_counts(model, one, sigma, first, dice).argmax())
            won = int(_counts(model, one, sigma, draws, dice)[guess])
            shares.append(lower_bound(won, draws, alpha))
            labels.append(guess if shares[-1] > 0.5 else ABSTAINED)
    share = torch.tensor(shares, dtype=torch.float64)
    radius = rounded_down(sigma * torch.special.ndtri(share.clamp(min=0.5)), x)
    label = torch.tensor(labels, dtype=torch.int64)
    return Votes(label.to(x.device), radius, share.to(x.dtype).to(x.device))


def lower_bound(won: int, draws: int, alpha: float) -> float:
    """The least p under which a coin shows heads `won` times or more, of so many draws, with probability alpha.

    In all but a share alpha of experiments the coin's p is at least that. Clopper and Pearson, Biometrika 1934.
    """
    from scipy.special import betaincinv

    return float(betaincinv(won, draws - won + 1, alpha)) if won else 0.0


def _counts(model: Model, one: Tensor, sigma: float, draws: int, dice: Generator) -> Tensor:
    """How often each class is the answer to one sample [...] under noise: [K]."""
    counts = torch.zeros(1, dtype=torch.int64)
    for part in torch.arange(draws).split(max(1, min(COPIES, NUMBERS // max(1, one.numel())))):
        noise = torch.randn(len(part), *one.shape, generator=dice).to(one)
        out = answer(model, one + sigma * noise)
        check_logits(out)
        check_no_nan(out)
        counts = counts + out.argmax(1).cpu().bincount(minlength=out.shape[1])
    return counts


def _check(sigma: float, draws: int, first: int, alpha: float) -> None:
    if not 0 < sigma < math.inf:
        raise ValueError(f"sigma is the noise's deviation in pixels of [0, 1], positive and finite; got {sigma}")
    if draws < 1 or first < 1:
        raise ValueError(f"draws and first are numbers of noisy copies, one or more; got {draws} and {first}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is the probability that a radius is too large, between 0 and 1; got {alpha}")
