"""Answers to `project(z, x, eps)`."""

import torch

import advcourse as adv


def reference(z, x, eps):
    return torch.minimum(torch.maximum(z, x - eps), x + eps).clamp(0, 1)


def box_first(z, x, eps):
    return torch.clamp(z.clamp(0, 1), x - eps, x + eps)


def by_delta(point, center, radius):
    return (center + (point - center).clamp(-radius, radius)).clamp(0, 1)


def in_place_on_a_clone(z, x, eps):
    out = z.clone()
    out -= x
    out.clamp_(-eps, eps)
    out += x
    return out.clamp_(0, 1)


def bounds_once(z, x, eps):
    low, high = (x - eps).clamp_min(0), (x + eps).clamp_max(1)
    return torch.where(z < low, low, torch.where(z > high, high, z))


def pixel_by_pixel(z, x, eps):
    out = torch.empty_like(z)
    for i in range(z.numel()):
        centre, value = float(x.flatten()[i]), float(z.flatten()[i])
        out.view(-1)[i] = min(max(value, centre - eps, 0.0), centre + eps, 1.0)
    return out


def changes_z(z, x, eps):
    return z.clamp_(min=0, max=1).clamp_(x - eps, x + eps)


def forgets_eps_zero(z, x, eps):
    return reference(z, x, eps or 1.0)


def moves_a_little(z, x, eps):
    return reference(0.9 * z + 0.1 * x, x, eps)


def bounds_of_the_first(z, x, eps):
    return torch.minimum(torch.maximum(z, x[:1] - eps), x[:1] + eps).clamp(0, 1)


def rounded_outside(z, x, eps):
    inside = reference(z, x, eps)
    return torch.where(inside == z, z, x)


BANK = {
    "the reference": ("ok", reference),
    "box first": ("ok", box_first),
    "by delta, other names": ("ok", by_delta),
    "in place on a clone": ("ok", in_place_on_a_clone),
    "bounds once, by cases": ("ok", bounds_once),
    "pixel by pixel": ("ok", pixel_by_pixel),
    "the stub": ("not-attempted", lambda z, x, eps: ...),
    "a stub among other lines": ("not-attempted", lambda z, x, eps: torch.clamp(..., 0, 1)),
    "half the radius": ("wrong-radius", lambda z, x, e: reference(z, x, e / 2)),
    "radius over 255": ("wrong-radius", lambda z, x, e: reference(z, x, e / 255)),
    "limits of the first image": ("couples-samples", bounds_of_the_first),
    "moves inside points": ("moves-inside-points", moves_a_little),
    "no lower limits": ("one-side-only", lambda z, x, e: torch.minimum(z, (x + e).clamp(max=1))),
    "back to x from outside": ("resets-outside-points", rounded_outside),
    "eps = 0 means none": ("wrong-elsewhere", forgets_eps_zero),
    "changes z": ("mutates-input", changes_z),
    "wraps around": ("wraps-round", lambda z, x, e: (x + (z - x).clamp(-e, e)) % 1),
    "darker by a hundredth": ("wrong-value", lambda z, x, e: (reference(z, x, e) - 0.01 * (z > x + e)).clamp(0, 1)),
    "the library's": ("ok", lambda z, x, e: adv.Linf(e).around(x).project(z)),
    "double": ("ok", lambda z, x, e: reference(z, x, e).double()),
}
