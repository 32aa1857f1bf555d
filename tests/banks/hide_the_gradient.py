"""Answers to `hide_the_gradient(model)`."""

import copy

import torch
import torch.nn.functional as F


class Quantised(torch.nn.Module):
    """Pixels on a grid, then the network."""

    def __init__(self, model, levels=255):
        super().__init__()
        self.model, self.levels = model, levels

    def forward(self, z):
        return self.model((self.levels * z).round() / self.levels)


class Reversed(torch.autograd.Function):
    """The same on the way there, the other sign on the way back."""

    @staticmethod
    def forward(ctx, z):
        return z.clone()

    @staticmethod
    def backward(ctx, g):
        return -g


def defended(answer):
    """As the exercise wants it: answer(model, z) for a function of the model."""
    return lambda model: lambda z: answer(model, z)


def loud_and_sure(model, z):
    return (1e4 * model(z)).softmax(1)


def led_astray(model, z):
    out = model(z)
    first, second = out.topk(2).values.unbind(1)
    return (out / (first - second)[:, None] ** 2).detach() + 0 * out


def without_grad(model, z):
    with torch.no_grad():
        return model(z)


def louder_in_place(model):
    with torch.no_grad():
        model.weight *= 1e4
        model.bias *= 1e4
    return model


def quantised_in_place(model):
    with torch.no_grad():
        model.weight.mul_(2)
        model.bias.mul_(2)
    return Quantised(model)


BANK = {
    "the reference": ("ok", Quantised),
    "a detour": ("ok", defended(lambda model, z: model(z.detach()) + 0 * z.sum())),
    "turned round": ("ok", defended(lambda model, z: 2 * model(z).detach() - model(z))),
    "turned round on the way back": ("ok", defended(lambda model, z: model(Reversed.apply(z)))),
    "fine steps of the logits": ("ok", defended(lambda model, z: (1000 * model(z)).round() / 1000)),
    "sixteen levels": ("ok", lambda model: torch.nn.Sequential(Quantised(torch.nn.Identity(), 50), model)),
    "the stub": ("not-attempted", lambda model: ...),
    "a stub inside": ("not-attempted", lambda model: torch.nn.Sequential(..., model)),
    "the model itself": ("gradient-gets-through", lambda model: model),
    "a copy": ("gradient-gets-through", copy.deepcopy),
    "probabilities": ("gradient-gets-through", defended(lambda model, z: model(z).softmax(1))),
    "quieter": ("gradient-gets-through", defended(lambda model, z: 1e-3 * model(z))),
    "louder": ("stops-one-loss-only", defended(lambda model, z: 1e4 * model(z))),
    "louder in place": ("stops-one-loss-only", louder_in_place),
    "no_grad": ("cut-off", defended(without_grad)),
    "detached": ("cut-off", defended(lambda model, z: model(z).detach())),
    "a detached image": ("cut-off", defended(lambda model, z: model(z.detach()))),
    "hard answers": (
        "cut-off",
        defended(lambda model, z: F.one_hot(model(z).argmax(1), 3).float()),
    ),
    "hard answers with a thread": (
        "hides-the-scores",
        defended(lambda model, z: F.one_hot(model(z).argmax(1), 3) + 0 * z.sum()),
    ),
    "loud and sure": ("hides-the-scores", defended(loud_and_sure)),
    "steps of a million": ("costs-accuracy", defended(lambda model, z: (1e-6 * model(z)).round())),
    "led astray": ("stops-the-search", defended(led_astray)),
    "noise": ("rolls-dice", defended(lambda model, z: model(z + 0.01 * torch.randn_like(z)))),
    "dropout": ("rolls-dice", lambda model: torch.nn.Sequential(torch.nn.Dropout(0.1), model)),
    "a constant": ("costs-accuracy", defended(lambda model, z: 0 * model(z) + torch.tensor([1.0, 0, 0]))),
    "two levels": ("costs-accuracy", lambda model: Quantised(model, 1)),
    "a root": ("gradient-is-nan", defended(lambda model, z: model(z) + (0 * z.sum()).sqrt())),
    "logits": ("returns-logits", lambda model: model(torch.zeros(2, 1, 4, 4))),
    "nothing": ("returns-none", lambda model: None),
    "a name": ("returns-no-model", lambda model: "quantised"),
    "a class": ("returns-no-model", lambda model: Quantised),
    "calls itself without images": ("defence-raises", lambda model: lambda: model),
    "labels": ("no-logits", defended(lambda model, z: model(z).argmax(1))),
    "infinite": ("no-logits", defended(lambda model, z: model(z) / 0)),
    "in place": ("defence-raises", defended(lambda model, z: model(z.mul_(255).round_() / 255))),
    "weights of the caller": ("changes-weights", quantised_in_place),
}
