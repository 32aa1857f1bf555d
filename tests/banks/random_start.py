"""Answers to `random_start(x, eps, generator)`."""

import torch


def noise(x, generator):
    return torch.rand(x.shape, generator=generator, dtype=x.dtype)


def reference(x, eps, generator):
    return (x + eps * (2 * noise(x, generator) - 1)).clamp(0, 1)


def uniform_in_the_intersection(x, eps, generator):
    low, high = (x - eps).clamp_min(0), (x + eps).clamp_max(1)
    return low + (high - low) * noise(x, generator)


def in_place(images, radius, rng):
    return torch.empty_like(images).uniform_(-radius, radius, generator=rng).add_(images).clip_(0, 1)


def between(x, eps, generator):
    return torch.lerp(x - eps, x + eps, noise(x, generator)).clamp(0, 1)


def stub_of_the_noise(x, eps, generator):
    delta = ...
    return (x + delta).clamp(0, 1)


def shifted(x, eps, generator, low, high):
    return (x + eps * (low + (high - low) * noise(x, generator))).clamp(0, 1)


def corners(x, eps, generator):
    return (x + eps * (noise(x, generator) - 0.5).sign()).clamp(0, 1)


def clamped_normal(x, eps, generator):
    return (x + (0.5 * eps * torch.randn(x.shape, generator=generator, dtype=x.dtype)).clamp(-eps, eps)).clamp(0, 1)


def normal(x, eps, generator):
    return (x + eps * torch.randn(x.shape, generator=generator, dtype=x.dtype)).clamp(0, 1)


def stretched(x, eps, generator, dims):
    d = 2 * noise(x, generator) - 1
    return (x + eps * d / d.abs().amax(dims, keepdim=True)).clamp(0, 1)


def shared(x, eps, generator):
    return (x + eps * (2 * noise(x[:1], generator) - 1)).clamp(0, 1)


def one_number(x, eps, generator):
    share = torch.rand(len(x), *[1] * (x.dim() - 1), generator=generator, dtype=x.dtype)
    return (x + eps * (2 * share - 1)).clamp(0, 1)


def global_noise(x, eps, generator):
    return (x + eps * (2 * torch.rand_like(x) - 1)).clamp(0, 1)


def reseeded(x, eps, generator):
    return reference(x, eps, generator.manual_seed(0))


def set_back(x, eps, generator):
    return reference(x, eps, generator.manual_seed(generator.initial_seed()))


def fixed_radius(x, eps, generator):
    return reference(x, 0.1, generator)


BANK = {
    "the reference": ("ok", reference),
    "uniform in the intersection": ("uniform-in-the-box", uniform_in_the_intersection),
    "in place, other names": ("ok", in_place),
    "between both ends": ("ok", between),
    "the stub": ("not-attempted", lambda x, eps, generator: ...),
    "a stub for the noise": ("not-attempted", stub_of_the_noise),
    "x itself": ("unchanged", lambda x, e, g: x.clone()),
    "the noise alone": ("returns-perturbation", lambda x, e, g: e * (2 * noise(x, g) - 1)),
    "anywhere in the box": ("anywhere-in-the-box", lambda x, e, g: noise(x, g)),
    "not projected to the box": ("no-box", lambda x, e, g: x + e * (2 * noise(x, g) - 1)),
    "twice the radius": ("outside-the-ball", lambda x, e, g: reference(x, 2 * e, g)),
    "normal noise": ("gaussian", normal),
    "upwards only": ("half-the-ball", lambda x, e, g: shifted(x, e, g, 0, 1)),
    "downwards only": ("half-the-ball", lambda x, e, g: shifted(x, e, g, -1, 0)),
    "signs only": ("corners-only", corners),
    "half the radius": ("wrong-radius", lambda x, e, g: shifted(x, e, g, -0.5, 0.5)),
    "eps over 255": ("wrong-radius", lambda x, e, g: reference(x, e / 255, g)),
    "normal noise, clamped": ("not-uniform", clamped_normal),
    "lopsided": ("not-uniform", lambda x, e, g: shifted(x, e, g, -0.4, 1)),
    "stretched to the radius": ("stretched", lambda x, e, g: stretched(x, e, g, tuple(range(x.ndim)))),
    "stretched image by image": ("stretched", lambda x, e, g: stretched(x, e, g, tuple(range(1, x.ndim)))),
    "the same noise for every image": ("shared-noise", shared),
    "one number for an image": ("one-number", one_number),
    "torch's own generator": ("ignores-generator", global_noise),
    "always seed 0": ("always-the-same", reseeded),
    "sets the generator back": ("reseeds", set_back),
    "eps written down": ("wrong-elsewhere", fixed_radius),
    "float64": ("ok", lambda x, e, g: reference(x.double(), e, g)),
}
