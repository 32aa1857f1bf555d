"""Who measures robust accuracy: `measure.evaluate` and peers, each as (x, y) -> who survived, with the same model.

AutoAttack is the standard version in l_inf: its authors' own package where it is on the path (it is on no registry),
and torchattacks' copy, which makes 10 steps where they make 100. Foolbox has none, ART's replaces two of the four
attacks. PGD has 40 steps of a quarter of the radius from 20 random starts, all of which go on for everyone.
"""

import torch
from contestants import Contestant
from torch import Tensor, nn

import advcourse
from advcourse import measure

AT_MOST = {"AutoAttack": 0.05, "AutoAttack, torchattacks": 0.15}  # of a peer's time
NETWORKS = {"digits_robust_1": 0.1, "digits_robust_2": 0.2, "digits_madry_2": 0.2}  # and the radius
NETWORKS |= {"digits_robust_3": 0.3, "digits_fast_2": 0.2, "digits_certified_1": 0.1}


def evaluate(model: nn.Module, eps: float) -> Contestant:
    """All of it: attacks, intervals and sanity lines."""
    return lambda x, y: measure.evaluate(model, x, y, advcourse.Linf(eps), generator=seeded()).survived


def pgd(model: nn.Module, eps: float) -> Contestant:
    settings = {"steps": 40, "step_size": eps / 4, "restarts": 20}

    def survivors(x: Tensor, y: Tensor) -> Tensor:
        z = advcourse.pgd(model, x, advcourse.Untargeted(y), advcourse.Linf(eps), generator=seeded(), **settings)
        return measure.correct(model, z, y)

    return survivors


def autoattack(model: nn.Module, eps: float) -> Contestant:
    from autoattack import AutoAttack

    attack = AutoAttack(model, norm="Linf", eps=eps, version="standard", device="cpu", verbose=False, seed=0)
    return lambda x, y: measure.correct(model, attack.run_standard_evaluation(x, y, bs=len(x)), y)


def autoattack_torchattacks(model: nn.Module, eps: float) -> Contestant:
    from torchattacks import AutoAttack

    attack = AutoAttack(model, norm="Linf", eps=eps, version="standard", n_classes=10, seed=0)
    return lambda x, y: measure.correct(model, attack(x, y), y)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


EVERYONE = {
    "advcourse": evaluate,
    "PGD-40 x 20": pgd,
    "AutoAttack": autoattack,
    "AutoAttack, torchattacks": autoattack_torchattacks,
}
