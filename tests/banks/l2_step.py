"""Answers to `l2_step(g, step_size)`."""

import torch
import torch.nn.functional as F

from .pieces import lengths, per_sample


def reference(g, step_size):
    flat = g.reshape(len(g), -1)
    largest = flat.abs().amax(1, keepdim=True)
    flat = flat / torch.where(largest > 0, largest, 1)
    length = flat.norm(dim=1, keepdim=True)
    return (step_size * flat / torch.where(length > 0, length, 1)).reshape(g.shape)


def in_float64(gradient, alpha):
    wide = gradient.double().reshape(gradient.shape[0], -1)
    if gradient.dtype == torch.float64:
        return reference(gradient, alpha)
    norm = wide.norm(dim=1).clamp_min(1e-300)
    return (alpha * wide / norm[:, None]).reshape(gradient.shape).to(gradient.dtype)


def sample_by_sample(g, step_size):
    steps = torch.zeros_like(g)
    for i in range(len(g)):
        if g[i].any():
            moderate = g[i] / g[i].abs().max()
            steps[i] = step_size * moderate / moderate.pow(2).sum().sqrt()
    return steps


def nan_to_num(g, step_size):
    flat = g.reshape(len(g), -1)
    flat = (flat / flat.abs().max(dim=1, keepdim=True).values).nan_to_num(0.0)
    return (step_size * F.normalize(flat, dim=1)).view(g.shape)


def whole_batch(g, step_size):
    return step_size * g / g.norm()


def squared(g, step_size):
    return step_size * g / per_sample(g.flatten(1).pow(2).sum(1), g)


def careful_at_zero(g, step_size):
    """The answer most people stop at."""
    flat = g.reshape(len(g), -1)
    length = flat.norm(dim=1, keepdim=True)
    return (step_size * flat / torch.where(length > 0, length, 1)).reshape(g.shape)


def a_bit_in_the_denominator(g, step_size):
    return step_size * g / (per_sample(g.reshape(len(g), -1).norm(dim=1), g) + 1e-12)


def floor_in_the_denominator(g, step_size):
    return (step_size * F.normalize(g.reshape(len(g), -1), dim=1)).reshape(g.shape)


def four_dimensions(g, step_size):
    length = torch.linalg.vector_norm(g, dim=(1, 2, 3), keepdim=True)
    return step_size * g / torch.where(length > 0, length, 1)


def four_dimensions_by_view(g, step_size):
    length = g.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    return step_size * g / torch.where(length > 0, length, 1)


def image_only(g, step_size):
    return reference(g, step_size) if g.dim() == 4 else step_size * g


def first_direction_at_zero(g, step_size):
    flat = reference(g, step_size).reshape(len(g), -1).clone()
    flat[~flat.any(1), 0] = step_size
    return flat.reshape(g.shape)


def refuses_zero(g, step_size):
    if not g.reshape(len(g), -1).any(1).all():
        raise ValueError("a gradient is zero")
    return reference(g, step_size)


def zero_for_all(g, step_size):
    flat = g.reshape(len(g), -1)
    return reference(g, step_size) if flat.any(1).all() else reference(g, step_size) / 2


def halves_by_steps(g, step_size):
    """Right while a length is a normal number: the reciprocal of 1e-20's square is none."""
    flat = g.reshape(len(g), -1)
    square = flat.pow(2).sum(1, keepdim=True)
    rest = torch.where(square > 0, square, 1)
    return (step_size * flat * square.sqrt() * (1 / rest)).reshape(g.shape)


def mixed_directions(g, step_size):
    return step_size * F.normalize(g.flatten(1) + 0.5 * g.flatten(1).roll(1, 1).abs(), dim=1).reshape(g.shape) * 1.1


def direction_of_the_batch(g, step_size):
    return reference(g.sum(0, keepdim=True).expand_as(g), step_size)


def rounds(g, step_size):
    step = reference(g, step_size)
    return step.half().to(g.dtype) if g.dtype == torch.float64 else step


def norm_over(*dims):
    return lambda g, step_size: step_size * g / g.norm(dim=dims, keepdim=True)


def centred(g, step_size):
    return reference(g - g.flatten(1).mean(1).view(-1, *[1] * (g.ndim - 1)), step_size)


BANK = {
    "the reference": ("ok", reference),
    "in float64, other names": ("ok", in_float64),
    "sample by sample, in place": ("ok", sample_by_sample),
    "nan_to_num": ("ok", nan_to_num),
    "the stub": ("not-attempted", lambda g, step_size: ...),
    "a stub for the length": ("not-attempted", lambda g, step_size: step_size * g / ...),
    "whole batch": ("whole-batch-norm", whole_batch),
    "direction of the batch": ("couples-samples", direction_of_the_batch),
    "sign": ("sign-step", lambda g, a: a * g.sign()),
    "minus sign": ("minus-sign", lambda g, a: -reference(g, a)),
    "F.normalize as it comes": ("across-channels-norm", lambda g, a: a * F.normalize(g)),
    "last dimension": ("last-dim-norm", norm_over(-1)),
    "step size squared": ("wrong-length", lambda g, a: reference(g, a * a)),
    "divides by zero": ("nan-at-zero", lambda g, a: a * g / lengths(g)),
    "refuses zero": ("raises", refuses_zero),
    "first direction at zero": ("moves-at-zero", first_direction_at_zero),
    "a zero sample spoils the others": ("zero-spoils-others", zero_for_all),
    "a bit in the denominator": ("ok", a_bit_in_the_denominator),
    "a floor in the denominator": ("ok", floor_in_the_denominator),
    "careful at zero only": ("ok", careful_at_zero),
    "a reciprocal that overflows": ("nan-at-tiny", halves_by_steps),
    "four dimensions": ("fixed-shape", four_dimensions),
    "four dimensions by view": ("fixed-shape", four_dimensions_by_view),
    "images only": ("fixed-shape", image_only),
    "centred first": ("other-direction", centred),
    "other directions": ("wrong-value", mixed_directions),
    "rounds float64": ("wrong-elsewhere", rounds),
    "adds into g": ("mutates-input", lambda g, a: g.div_(lengths(g)).mul_(a)),
    "a list of steps": ("returns-tuple", lambda g, a: list(reference(g, a))),
}
