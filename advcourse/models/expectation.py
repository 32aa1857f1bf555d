"""One draw of a stochastic network, the mean over many, and their vote: functions that attacks and measures can ask.

    one = Draw(model, seed=0)                        # a network like any other: always the same weights and noise
    mean = expected(model, draws=Common(32, seed=0)) # what its answer is on average, over the same 32 whenever asked
    mean = expected(model, draws=Fresh(32))          # ... over 32 new ones whenever asked
    vote = voted(model, draws=Common(100, seed=1))   # the share of draws that answer each class

Attacked is the mean: the gradient of an expectation is the expectation of the gradient. Athalye, Carlini and Wagner,
"Obfuscated Gradients Give a False Sense of Security", ICML 2018, call it expectation over transformation, EOT.
"""

from collections.abc import Generator as Steps
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from advcourse.answers import check_logits
from advcourse.asking import Model
from advcourse.behind import networks

from .stochastic import Random

SEEDS = 2**62


@dataclass(frozen=True)
class Common:
    """n draws, the same ones whenever they are asked: common random numbers. Of more draws they are the first ones."""

    n: int
    seed: int

    def __post_init__(self):
        _check(self.n)

    def seeds(self) -> list[int]:
        """A number for each draw."""
        return torch.randint(SEEDS, (self.n,), generator=Generator().manual_seed(self.seed)).tolist()


@dataclass(frozen=True)
class Fresh:
    """n draws, new ones whenever they are asked, from the generator or from torch's global randomness."""

    n: int
    generator: Generator | None = None

    def __post_init__(self):
        _check(self.n)

    def seeds(self) -> list[int]:
        """A number for each draw."""
        device = self.generator.device if self.generator is not None else "cpu"
        return torch.randint(SEEDS, (self.n,), generator=self.generator, device=device).tolist()


Draws = Common | Fresh


@dataclass(frozen=True, eq=False)
class Draw:
    """The network that a stochastic one becomes when its dice lie still: z [B, ...] -> its answers, always the same.

    Of `models.stochastic` all samples share the numbers, so that what becomes of one does not depend on its batch.
    Networks that ask torch's global randomness are held still too, as long as the batch is the same.
    """

    model: Model
    seed: int

    def __call__(self, z: Tensor) -> Tensor:
        with _held(self.model, self.seed):
            return self.model(z)


@dataclass(frozen=True, eq=False)
class _Mean:
    """What `expected` returns."""

    model: Model
    draws: Draws

    def __call__(self, z: Tensor) -> Tensor:
        out = torch.stack([Draw(self.model, seed)(z) for seed in self.draws.seeds()])
        if out.ndim == 2:
            return out.mean(0)
        check_logits(out[0])
        # log(mean of p), each draw's logits moved by a constant so that a single draw's come out as they went in.
        total = out.logsumexp(2, keepdim=True)
        out = out - (total - total.mean(0))
        top = out.detach().amax(0)
        return top + (out - top).exp().mean(0).log()


@dataclass(frozen=True, eq=False)
class _Vote:
    """What `voted` returns."""

    model: Model
    draws: Draws

    def __call__(self, z: Tensor) -> Tensor:
        out = [Draw(self.model, seed)(z) for seed in self.draws.seeds()]
        check_logits(out[0])
        votes = [torch.zeros_like(one).scatter(1, one.argmax(1, keepdim=True), 1.0) for one in out]
        return torch.stack(votes).mean(0)


def expected(model: Model, *, draws: Draws) -> Model:
    """The model's mean answer as a function to ask and to attack, z [B, ...] -> [B, K], or [B] where it is a number.

    Of logits the mean of the *probabilities* is meant, which is what a Bayesian predicts: logits whose softmax is
    mean_d softmax(a_d). A mean of logits would be ruled by the draws that shout, and a mean of losses is another game,
    that of an attacker whose every query is answered by one draw. One draw's logits come out as they are. With
    `Common` draws it is a deterministic function; with `Fresh` ones an attack takes stochastic gradient steps.
    """
    return _Mean(model, draws)


def voted(model: Model, *, draws: Draws) -> Model:
    """The share of the draws that answer each class, z [B, ...] -> [B, K]: the largest is the vote. It has no slope."""
    return _Vote(model, draws)


@contextmanager
def _held(model: Model, seed: int) -> Steps[None]:
    """The dice of the model seeded, its layers' and the global ones; all as before after."""
    layers = [m for network in networks(model) for m in network.modules() if isinstance(m, Random)]
    before, dice = [layer.dice for layer in layers], Generator().manual_seed(seed)
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=gpus):
        # torch.manual_seed would write down the way here for a GPU that may come: that costs more than a small network.
        torch.default_generator.manual_seed(seed)
        if gpus:
            torch.cuda.manual_seed_all(seed)
        try:
            for layer in layers:
                layer.dice = dice
            yield
        finally:
            for layer, was in zip(layers, before):
                layer.dice = was


def _check(n: int) -> None:
    if n < 1:
        raise ValueError(f"a mean needs draws, one or more; got n={n}")
