"""Who is timed: the bare loop, ours and peers, each as (x, y) -> z with the same model, radius, steps and step size."""

import copy
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import advcourse

EPS = 0.1


@dataclass(frozen=True)
class Pace:
    """How many steps of which size."""

    steps: int
    step_size: float


PACE = Pace(40, 0.01)

Contestant = Callable[[Tensor, Tensor], Tensor]
Maker = Callable[..., Contestant]  # of a model and, where there are steps of a size, a pace


def bare_loop(
    model: nn.Module, x: Tensor, y: Tensor, start: Tensor, *, eps: float, step_size: float, steps: int
) -> Tensor:
    """The floor: forward, cross entropy, gradient with respect to the input, sign, add, clamp to ball, clamp to box.

    What every gradient attack has to do and nothing else: no check, no best iterate. Bounds are computed once, updates
    are in place.
    """
    lower, upper = x - eps, x + eps
    z = start.clone()
    for _ in range(steps):
        z.requires_grad_()
        (g,) = torch.autograd.grad(F.cross_entropy(model(z), y, reduction="sum"), z)
        z = z.detach().add_(g.sign_(), alpha=step_size).clamp_(lower, upper).clamp_(0, 1)
    return z


def floor(model: nn.Module, pace: Pace = PACE) -> Contestant:
    """The bare loop, from a point drawn uniformly from the ball."""
    loop = partial(bare_loop, model, eps=EPS, **asdict(pace))
    return lambda x, y: loop(x, y, (x + torch.empty_like(x).uniform_(-EPS, EPS)).clamp_(0, 1))


def ours(model: nn.Module, pace: Pace = PACE) -> Contestant:
    """advcourse.pgd, with one restart."""
    attack = partial(advcourse.pgd, threat=advcourse.Linf(EPS), **asdict(pace))
    return lambda x, y: attack(model, x, advcourse.Untargeted(y))


def torchattacks(model: nn.Module, pace: Pace = PACE) -> Contestant:
    from torchattacks import PGD

    return PGD(model, eps=EPS, alpha=pace.step_size, steps=pace.steps, random_start=True)


def adv_lib(model: nn.Module, pace: Pace = PACE) -> Contestant:
    """It returns the clean image where it did not fool the model, and else the last iterate that did."""
    from adv_lib.attacks import pgd_linf

    return lambda x, y: pgd_linf(model, x, y, EPS, steps=pace.steps, absolute_step_size=pace.step_size)


def cleverhans(model: nn.Module, pace: Pace = PACE) -> Contestant:
    from cleverhans.torch.attacks.projected_gradient_descent import projected_gradient_descent

    attack = partial(
        projected_gradient_descent, model, eps=EPS, eps_iter=pace.step_size, nb_iter=pace.steps, norm=np.inf
    )
    return lambda x, y: attack(x, y=y, clip_min=0.0, clip_max=1.0, rand_init=True, sanity_checks=False)


def foolbox(model: nn.Module, pace: Pace = PACE) -> Contestant:
    """The attack's own run, without the evaluation that its call adds."""
    from foolbox import PyTorchModel
    from foolbox.attacks import LinfPGD
    from foolbox.criteria import Misclassification

    asked = PyTorchModel(model, bounds=(0, 1), device=next(model.parameters()).device)
    attack = LinfPGD(abs_stepsize=pace.step_size, steps=pace.steps, random_start=True)
    return lambda x, y: attack.run(asked, x, Misclassification(y), epsilon=EPS)


def art(model: nn.Module, pace: Pace = PACE) -> Contestant:
    """It takes and returns NumPy arrays."""
    from art.attacks.evasion import ProjectedGradientDescent
    from art.estimators.classification import PyTorchClassifier

    device = next(model.parameters()).device
    where = {"clip_values": (0, 1), "device_type": "cpu" if device.type == "cpu" else "gpu"}
    asked = PyTorchClassifier(model, nn.CrossEntropyLoss(), (1, 28, 28), 10, **where)
    settings = {"eps": EPS, "eps_step": pace.step_size, "max_iter": pace.steps, "num_random_init": 1}
    attack = ProjectedGradientDescent(asked, norm=np.inf, batch_size=10_000, verbose=False, **settings)
    return lambda x, y: torch.from_numpy(attack.generate(x.cpu().numpy(), y.cpu().numpy())).to(device)


PEERS = {
    "torchattacks": torchattacks,
    "adv-lib": adv_lib,
    "cleverhans": cleverhans,
    "foolbox": foolbox,
    "ART": art,
}


def all_of(model: nn.Module, peers: dict[str, Maker] = PEERS, **pace: Pace) -> dict[str, Contestant | None]:
    """Every contestant of PGD with its own copy of the model, None for a peer that is not installed."""
    makers = {"bare loop": floor, "advcourse": ours, **peers}
    return present(model, {name: partial(make, **pace) for name, make in makers.items()})


def present(model: nn.Module, makers: dict[str, Maker]) -> dict[str, Contestant | None]:
    """The contestants, each with its own copy of the model, None for one that is not installed."""
    return {name: _or_none(make, copy.deepcopy(model)) for name, make in makers.items()}


def _or_none(make: Maker, model: nn.Module) -> Contestant | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make(model)
    except ImportError:
        return None
