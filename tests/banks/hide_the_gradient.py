"""Answers to `hide_the_gradient(model, z)`."""

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


def loud_and_sure(model, z):
    return (1e4 * model(z)).softmax(1)


def led_astray(model, z):
    out = model(z)
    first, second = out.topk(2).values.unbind(1)
    return (out / (first - second)[:, None] ** 2).detach() + 0 * out


def without_grad(model, z):
    with torch.no_grad():
        return model(z)


def louder_in_place(model, z):
    with torch.no_grad():
        model.weight *= 1e4
        model.bias *= 1e4
    return model(z)


def quantised_in_place(model, z):
    with torch.no_grad():
        model.weight.mul_(2)
        model.bias.mul_(2)
    return Quantised(model)(z)


def hard(model, z):
    return F.one_hot(model(z).argmax(1), 3).float()


BANK = {
    "the reference": ("ok", lambda model, z: model((255 * z).round() / 255)),
    "a module": ("ok", lambda model, z: Quantised(model)(z)),
    "a detour": ("ok", lambda model, z: model(z.detach()) + 0 * z.sum()),
    "turned round": ("ok", lambda model, z: 2 * model(z).detach() - model(z)),
    "turned round on the way back": ("ok", lambda model, z: model(Reversed.apply(z))),
    "fine steps of the logits": ("ok", lambda net, images: (1000 * net(images)).round() / 1000),
    "fifty levels": ("ok", lambda model, z: torch.nn.Sequential(Quantised(torch.nn.Identity(), 50), model)(z)),
    "the stub": ("not-attempted", lambda model, z: ...),
    "a stub for the image": ("not-attempted", lambda model, z: model(z + ...)),
    "the model itself": ("gradient-gets-through", lambda model, z: model(z)),
    "a copy": ("gradient-gets-through", lambda model, z: copy.deepcopy(model)(z)),
    "probabilities": ("gradient-gets-through", lambda model, z: model(z).softmax(1)),
    "quieter": ("gradient-gets-through", lambda model, z: 1e-3 * model(z)),
    "hidden in one half": (
        "gradient-gets-through",
        lambda model, z: model(torch.cat([z[..., :2, :].detach(), z[..., 2:, :]], 2)),
    ),
    "straight through": ("gradient-gets-through", lambda model, z: model(z + ((255 * z).round() / 255 - z).detach())),
    "louder": ("stops-one-loss-only", lambda model, z: 1e4 * model(z)),
    "louder in place": ("stops-one-loss-only", louder_in_place),
    "no_grad": ("cut-off", without_grad),
    "detached": ("cut-off", lambda model, z: model(z).detach()),
    "a detached image": ("cut-off", lambda model, z: model(z.detach())),
    "hard answers": ("cut-off", hard),
    "hard answers with a thread": ("hides-the-scores", lambda model, z: hard(model, z) + 0 * z.sum()),
    "loud and sure": ("hides-the-scores", loud_and_sure),
    "steps of a million": ("costs-accuracy", lambda model, z: (1e-6 * model(z)).round()),
    "led astray": ("stops-the-search", led_astray),
    "noise": ("rolls-dice", lambda model, z: model(z + 0.01 * torch.randn_like(z))),
    "dropout": ("rolls-dice", lambda model, z: model(F.dropout(z, 0.1))),
    "grey levels as they are": ("other-pixels", lambda model, z: model((255 * z).round())),
    "a constant": ("costs-accuracy", lambda model, z: 0 * model(z) + torch.tensor([1.0, 0, 0])),
    "two levels": ("costs-accuracy", lambda model, z: Quantised(model, 1)(z)),
    "a root": ("gradient-is-nan", lambda model, z: model(z) + (0 * z.sum()).sqrt()),
    "a model": ("returns-no-tensor", lambda model, z: Quantised(model)),
    "nothing": ("returns-none", lambda model, z: None),
    "labels": ("wrong-shape", lambda model, z: model(z).argmax(1)),
    "images": ("wrong-shape", lambda model, z: (255 * z).round() / 255),
    "infinite": ("nan", lambda model, z: model(z) / 0),
    "in place": ("raises", lambda model, z: model(z.mul_(255).round_() / 255)),
    "weights of the caller": ("changes-weights", quantised_in_place),
}
