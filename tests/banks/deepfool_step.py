"""Answers to `deepfool_step(f, w)`."""

import torch


def to_class(f, w, k):
    return f[k] / w[k].dot(w[k]) * w[k]


def nearest(f, w):
    return (f / w.norm(dim=1)).argmin()


def reference(f, w):
    return to_class(f, w, nearest(f, w))


def shortest_of_all(gaps, gradients):
    steps = (gaps / gradients.square().sum(1)).unsqueeze(1) * gradients
    return steps[steps.norm(dim=1).argmin()]


def plain_loop(f, w):
    best, shortest = None, float("inf")
    for gap, grad in zip(f, w):
        length = (gap / (grad**2).sum() ** 0.5).item()
        if length < shortest:
            best, shortest = gap * grad / (grad @ grad), length
    return best


def by_projection(f, w):
    """The unit normal times the distance, in float64 and back."""
    wide, gaps = w.double(), f.double()
    distances = gaps.abs() / torch.linalg.vector_norm(wide, dim=-1)
    k = int(torch.min(distances, dim=0).indices)
    return (distances[k] * torch.nn.functional.normalize(wide[k], dim=0)).to(w.dtype)


def by_topk(f, w):
    size = torch.einsum("kn,kn->k", w, w)
    _, (k,) = torch.topk(f * f / size, 1, largest=False)
    return w[k].mul(f[k]).div(size[k])


def along(weight):
    """The right class with another factor."""
    return lambda f, w: weight(f[nearest(f, w)], w[nearest(f, w)]) * w[nearest(f, w)]


def second_nearest(f, w):
    order = (f / w.norm(dim=1)).argsort()
    return to_class(f, w, order[min(1, len(f) - 1)])


def divides_by_the_gap(f, w):
    k = nearest(f, w)
    return reference(f, w) * f[k] / f[k]


def floor_of_length(f, w):
    step = reference(f, w)
    return step if step.any() else step + 0.1 * w[0]


def single_class_by_index(f, w):
    return reference(f, w) if len(f) > 1 else w[0] / 1


def projects_in_place(f, w):
    k = nearest(f, w)
    return w[k].mul_(f[k] / w[k].dot(w[k]))


def tie_by_gap(f, w):
    """Right unless the nearest boundary is the one with the larger gap among two."""
    return reference(f, w) if len(f) != 2 else to_class(f, w, f.argmin())


BANK = {
    "the reference": ("ok", reference),
    "the shortest of all steps, other names": ("ok", shortest_of_all),
    "a plain loop": ("ok", plain_loop),
    "unit normal, float64": ("ok", by_projection),
    "topk of squares, einsum": ("ok", by_topk),
    "the stub": ("not-attempted", lambda f, w: ...),
    "a stub for the class": ("not-attempted", lambda f, w: f.sum() / ... * w[0]),
    "second nearest": ("other-boundary", second_nearest),
    "overshoots": ("overshoots", lambda f, w: 1.02 * reference(f, w)),
    "a bit more, as in the authors' code": ("overshoots", along(lambda f, w: (f + 1e-4 * w.norm()) / w.dot(w))),
    "half way": ("wrong-length", lambda f, w: 0.5 * reference(f, w)),
    "a bit in the denominator": ("ok", along(lambda f, w: f / (w.dot(w) + 1e-10))),
    "other directions": ("wrong-value", lambda f, w: reference(f, w).roll(1)),
    "divides by the gap": ("nan-at-zero-gap", divides_by_the_gap),
    "never rests": ("moves-at-zero-gap", floor_of_length),
    "one class": ("wrong-elsewhere", single_class_by_index),
    "two classes": ("wrong-elsewhere", tie_by_gap),
    "all steps": ("wrong-shape", lambda f, w: (f / w.square().sum(1))[:, None] * w),
    "keeps a dimension": ("wrong-shape", lambda f, w: reference(f, w)[None]),
    "the length": ("wrong-shape", lambda f, w: (f / w.norm(dim=1)).min()),
    "NaN": ("nan", lambda f, w: reference(f, w) * float("nan")),
    "writes into w": ("mutates-input", projects_in_place),
    "step and class": ("returns-tuple", lambda f, w: (reference(f, w), nearest(f, w))),
    "a sparse step": ("wrong-device", lambda f, w: reference(f, w).to_sparse()),
    "a constant above": ("overshoots", lambda f, w: reference(f, w) * (1 + 1e-3)),
}
