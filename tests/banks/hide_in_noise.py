"""Answers to `hide_in_noise(model, z, generator)`."""

import torch


def reference(model, z, generator):
    """Noise times a change that is zero: it is in the slope and not in the value."""
    r = torch.randn(3, z[0].numel(), generator=generator)
    return model(z) + 5 * (z - z.detach()).flatten(1) @ r.T


def one_class_only(model, z, generator):
    noise = 10 * torch.randn(z.shape, generator=generator)
    push = (noise * (z - z.detach())).flatten(1).sum(1)
    out = model(z)
    return torch.cat([out[:, :1] + push[:, None], out[:, 1:]], 1)


class Drowned(torch.nn.Module):
    def __init__(self, net, dice):
        super().__init__()
        self.net, self.dice = net, dice

    def forward(self, images):
        r = torch.randn(len(images), 3, images[0].numel(), generator=self.dice)
        still = images.detach()
        return self.net(images) + 5 * torch.einsum("bd,bkd->bk", (images - still).flatten(1), r)


def with_the_value_taken_off(model, z, generator):
    """A random plane for each class, and its height at z taken away again."""
    r = 5 * torch.randn(3, *z.shape, generator=generator)
    heights = torch.stack([(z * noise).flatten(1).sum(1) for noise in r], 1)
    return model(z) + heights - heights.detach()


def of_size(factor):
    def answer(model, z, generator):
        r = torch.randn(3, z[0].numel(), generator=generator)
        return model(z) + factor * (z - z.detach()).flatten(1) @ r.T

    return answer


def for_all_classes(model, z, generator):
    r = torch.randn(z.shape, generator=generator)
    return model(z) + 8 * (r * (z - z.detach())).flatten(1).sum(1, keepdim=True)


def without_the_generator(model, z, generator):
    return model(z) + 5 * (z - z.detach()).flatten(1) @ torch.randn(16, 3)


def rounded(model, z, generator):
    return model((255 * z).round() / 255) + 0 * torch.rand(1, generator=generator)


def hidden_for_good(model, z, generator):
    r = torch.randn(3, z[0].numel(), generator=generator)
    return model(z).detach() + 5 * (z - z.detach()).flatten(1) @ r.T


BANK = {
    "the reference": ("ok", reference),
    "one class only": ("ok", one_class_only),
    "a module": ("ok", lambda net, images, dice: Drowned(net, dice)(images)),
    "with the value taken off": ("ok", with_the_value_taken_off),
    "the stub": ("not-attempted", lambda model, z, generator: ...),
    "a stub for the noise": ("not-attempted", lambda model, z, generator: model(z + ...)),
    "the model itself": ("no-dice", lambda model, z, generator: model(z)),
    "a quantiser": ("dice-without-effect", rounded),
    "a seed of its own": ("no-dice", lambda model, z, generator: reference(model, z, generator.manual_seed(0))),
    "noise times a copy with its graph": (
        "dice-without-effect",
        lambda model, z, generator: model(z) + (z - z.clone()).flatten(1) @ torch.randn(16, 3, generator=generator),
    ),
    "without the generator": ("other-dice", without_the_generator),
    "too quiet": ("gradient-gets-through", of_size(0.5)),
    "for all classes alike": ("gradient-gets-through", for_all_classes),
    "noise on the image": (
        "gradient-gets-through",
        lambda model, z, generator: model(z + 0.05 * torch.randn(z.shape, generator=generator)),
    ),
    "too loud": ("too-loud", of_size(200)),
    "probabilities": ("probabilities", lambda model, z, generator: reference(model, z, generator).softmax(1)),
    "nothing but noise": ("survives-the-mean", hidden_for_good),
    "loud noise on the image": (
        "costs-accuracy",
        lambda model, z, generator: model(z + torch.randn(z.shape, generator=generator)),
    ),
    "detached": ("cut-off", lambda model, z, generator: model(z).detach() + torch.randn(1, generator=generator)),
    "a root": (
        "gradient-is-nan",
        lambda model, z, generator: model(z) + (0 * z.sum() * torch.rand(1, generator=generator)).sqrt(),
    ),
    "labels": ("wrong-shape", lambda model, z, generator: model(z).argmax(1)),
    "nothing": ("returns-none", lambda model, z, generator: None),
}
