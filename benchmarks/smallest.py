"""Who looks for the smallest distortion in l_2: ours and peers, each as (x, y) -> z with the same model.

DeepFool takes up to 50 steps, overshoots by .02 and looks at all ten classes, DDN takes 100 steps from the radius 1
with gamma .05, all without rounding to grey levels.
"""

from contestants import Contestant, Maker
from torch import nn

import advcourse

DEEPFOOL_STEPS, DDN_STEPS = 50, 100


def deepfool(model: nn.Module) -> Contestant:
    return lambda x, y: advcourse.deepfool(model, x, advcourse.Untargeted(y), steps=DEEPFOOL_STEPS)


def deepfool_adv_lib(model: nn.Module) -> Contestant:
    from adv_lib.attacks.deepfool import df

    return lambda x, y: df(model, x, y, steps=DEEPFOOL_STEPS).detach()


def deepfool_foolbox(model: nn.Module) -> Contestant:
    from foolbox.attacks import L2DeepFoolAttack

    return _foolbox(model, L2DeepFoolAttack(steps=DEEPFOOL_STEPS, candidates=10))


def deepfool_torchattacks(model: nn.Module) -> Contestant:
    """One image after the other."""
    from torchattacks import DeepFool

    return DeepFool(model, steps=DEEPFOOL_STEPS)


def ddn(model: nn.Module) -> Contestant:
    return lambda x, y: advcourse.ddn(model, x, advcourse.Untargeted(y), steps=DDN_STEPS)


def ddn_adv_lib(model: nn.Module) -> Contestant:
    from adv_lib.attacks import ddn

    return lambda x, y: ddn(model, x, y, steps=DDN_STEPS, levels=None)


def ddn_foolbox(model: nn.Module) -> Contestant:
    from foolbox.attacks import DDNAttack

    return _foolbox(model, DDNAttack(steps=DDN_STEPS))


def _foolbox(model: nn.Module, attack) -> Contestant:
    """The attack's own run, without the evaluation that its call adds."""
    from foolbox import PyTorchModel
    from foolbox.criteria import Misclassification

    asked = PyTorchModel(model, bounds=(0, 1), device=next(model.parameters()).device)

    return lambda x, y: attack.run(asked, x, Misclassification(y)).detach()


RACES: dict[str, dict[str, Maker]] = {
    "DeepFool": {
        "advcourse": deepfool,
        "adv-lib": deepfool_adv_lib,
        "foolbox": deepfool_foolbox,
        "torchattacks": deepfool_torchattacks,
    },
    f"DDN-{DDN_STEPS}": {"advcourse": ddn, "adv-lib": ddn_adv_lib, "foolbox": ddn_foolbox},
}
