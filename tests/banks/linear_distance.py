"""Answers to `linear_distance(W, b, x, y, p)`."""

import math

import torch


def dual_norm(v, p):
    return v.norm(dim=-1) if p == 2 else v.abs().sum(-1)


def gaps(W, b, x, y):
    """[B, K]; the class itself has gap 0."""
    a = x @ W.T + b
    return a.gather(1, y[:, None]) - a


def differences(W, y):
    """w_k - w_y [B, K, n]."""
    return W - W[y].unsqueeze(1)


def without_own(values, y, instead=math.inf):
    return values.clone().scatter_(1, y[:, None], instead)


def nearest(gap, norm, y):
    """Own class masked, zero where misclassified."""
    return (without_own(gap, y) / without_own(norm, y, 1.0)).amin(1).clamp_min(0)


def reference(W, b, x, y, p):
    return nearest(gaps(W, b, x, y), dual_norm(differences(W, y), p), y)


def sample_by_sample(weights, bias, points, labels, norm):
    out = []
    for v, c in zip(points, labels.tolist()):
        logits = weights @ v + bias
        ratios = []
        for k in range(len(weights)):
            if k != c:
                d = weights[k] - weights[c]
                size = torch.linalg.vector_norm(d, ord=1 if norm == float("inf") else 2)
                ratios.append(float((logits[c] - logits[k]) / size))
        out.append(max(0.0, min(ratios)))
    return torch.tensor(out)


def einsum_in_float64(W, b, x, y, p):
    W, b, x = W.double(), b.double(), x.double()
    a = torch.einsum("kn,bn->bk", W, x) + b
    q = 1 / (1 - 1 / p)
    others = torch.ones_like(a, dtype=torch.bool)
    others[torch.arange(len(y)), y] = False
    k = others.nonzero()[:, 1].view(len(y), -1)
    gap = a[torch.arange(len(y))[:, None], y[:, None]] - a.gather(1, k)
    length = torch.linalg.vector_norm(W[k] - W[y][:, None], ord=q, dim=-1)
    return torch.relu((gap / length).min(dim=1).values)


def where_right(W, b, x, y, p):
    a = torch.nn.functional.linear(x, W, b)
    length = torch.cdist(W[y], W, p=1 if math.isinf(p) else 2)
    ratio = (a[range(len(y)), y].unsqueeze(1) - a) / length
    ratio = torch.nan_to_num(ratio, nan=math.inf)
    return torch.where(a.argmax(1) == y, ratio.min(1)[0], torch.tensor(0.0, dtype=a.dtype))


def still_attached(W, b, x, y, p):
    return reference(W.clone().requires_grad_(), b, x, y, p)


def runner_up(W, b, x, y, p):
    a = x @ W.T + b
    k = without_own(a, y, -math.inf).argmax(1)
    gap = a[range(len(y)), y] - a[range(len(y)), k]
    return (gap / dual_norm(W[y] - W[k], p)).clamp(min=0)


def of_norms(norm):
    """The reference with another denominator, norm(W, y, p) [B, K]."""
    return lambda W, b, x, y, p: nearest(gaps(W, b, x, y), norm(W, y, p).expand(len(y), len(W)), y)


def of_gaps(gap):
    return lambda W, b, x, y, p: nearest(gap(W, b, x, y), dual_norm(differences(W, y), p), y)


def of_probabilities(W, b, x, y):
    prob = (x @ W.T + b).softmax(1)
    return prob.gather(1, y[:, None]) - prob


def own_class(W, b, x, y, p):
    return (gaps(W, b, x, y) / dual_norm(differences(W, y), p)).amin(1).clamp(min=0)


def own_class_with_a_bit(W, b, x, y, p):
    return (gaps(W, b, x, y) / (dual_norm(differences(W, y), p) + 1e-12)).amin(1).clamp(min=0)


def signed(W, b, x, y, p):
    return (without_own(gaps(W, b, x, y), y) / without_own(dual_norm(differences(W, y), p), y, 1.0)).amin(1)


def absolute(W, b, x, y, p):
    return (without_own(gaps(W, b, x, y), y) / without_own(dual_norm(differences(W, y), p), y, 1.0)).abs().amin(1)


def farthest(W, b, x, y, p):
    ratio = without_own(gaps(W, b, x, y), y) / without_own(dual_norm(differences(W, y), p), y, 1.0)
    return without_own(ratio, y, -math.inf).amax(1).clamp(min=0)


def swapped_difference(W, b, x, y, p):
    ratio = -gaps(W, b, x, y) / without_own(dual_norm(differences(W, y), p), y, 1.0)
    return without_own(ratio, y).amin(1)


def swapped_and_clamped(W, b, x, y, p):
    ratio = -gaps(W, b, x, y) / without_own(dual_norm(differences(W, y), p), y, 1.0)
    return without_own(ratio, y, -math.inf).amax(1).clamp(min=0)


def one_plane(W, b, x, y, p):
    a = (x @ W.T + b).gather(1, y[:, None])[:, 0]
    return a.abs() / dual_norm(W[y], p)


def one_plane_and_zero(W, b, x, y, p):
    return torch.where((x @ W.T + b).argmax(1) == y, one_plane(W, b, x, y, p), 0.0)


def of_the_batch(W, b, x, y, p):
    return reference(W, b, x, y, p).amin().expand(len(x))


def centred(W, b, x, y, p):
    return reference(W, b, x - x.mean(0), y, p)


def two_classes_only(W, b, x, y, p):
    return reference(W, b, x, y, p) * (0.5 if len(W) == 2 else 1)


def half_precision(W, b, x, y, p):
    return reference(W, b, x, y, p).half().to(x.dtype) if x.dtype == torch.float64 else reference(W, b, x, y, p)


def rescales_the_input(W, b, x, y, p):
    x.sub_(0.0).mul_(2.0)
    return reference(W, b, x / 2, y, p)


BANK = {
    "the reference": ("ok", reference),
    "sample by sample, other names": ("ok", sample_by_sample),
    "einsum, float64, indices of the others": ("ok", einsum_in_float64),
    "nan_to_num and where": ("ok", where_right),
    "the stub": ("not-attempted", lambda W, b, x, y, p: ...),
    "a stub for the norm": ("not-attempted", lambda W, b, x, y, p: gaps(W, b, x, y).amin(1) / ...),
    "same norm": (
        "same-norm",
        of_norms(lambda W, y, p: torch.linalg.vector_norm(differences(W, y), ord=p, dim=-1)),
    ),
    "l2 always": ("ignores-p", of_norms(lambda W, y, p: differences(W, y).norm(dim=-1))),
    "l1 always": ("always-l1", of_norms(lambda W, y, p: differences(W, y).abs().sum(-1))),
    "runner-up": ("runner-up", runner_up),
    "own class": ("own-class", own_class),
    "own class, a bit in the denominator": ("own-class", own_class_with_a_bit),
    "no zero for misclassified": ("negative-distance", signed),
    "absolute values": ("absolute-gap", absolute),
    "from the prediction": ("uses-prediction", lambda W, b, x, y, p: reference(W, b, x, (x @ W.T + b).argmax(1), p)),
    "squared norm": ("squared-norm", of_norms(lambda W, y, p: dual_norm(differences(W, y), p) ** 2)),
    "no norm": ("gap-not-distance", of_norms(lambda W, y, p: torch.ones(1, 1))),
    "mean instead of sum": (
        "mean-norm",
        of_norms(
            lambda W, y, p: differences(W, y).abs().mean(-1) if p != 2 else differences(W, y).square().mean(-1).sqrt()
        ),
    ),
    "the other's row": ("norm-of-one-row", of_norms(lambda W, y, p: dual_norm(W, p)[None])),
    "the own row": ("norm-of-one-row", of_norms(lambda W, y, p: dual_norm(W[y], p)[:, None])),
    "difference of norms": (
        "difference-of-norms",
        of_norms(lambda W, y, p: (dual_norm(W, p)[None] - dual_norm(W[y], p)[:, None]).abs()),
    ),
    "no bias": ("no-bias", lambda W, b, x, y, p: reference(W, 0 * b, x, y, p)),
    "farthest": ("farthest-class", farthest),
    "logit to zero": ("one-plane", one_plane),
    "logit to zero, zero where wrong": ("one-plane", one_plane_and_zero),
    "gaps of probabilities": ("probabilities", of_gaps(of_probabilities)),
    "other minus own": ("minus-sign", swapped_difference),
    "other minus own, clamped": ("minus-sign", swapped_and_clamped),
    "minimum over the batch": ("couples-samples", of_the_batch),
    "minimum over the batch as a scalar": ("wrong-shape", lambda *args: reference(*args).amin()),
    "centred by the batch": ("wrong-value", centred),
    "keeps a dimension": ("wrong-shape", lambda *args: reference(*args)[:, None]),
    "a distance for each class": ("wrong-shape", lambda W, b, x, y, p: gaps(W, b, x, y)),
    "two classes only": ("wrong-elsewhere", two_classes_only),
    "rounds float64": ("ok", half_precision),
    "writes into x": ("mutates-input", rescales_the_input),
    "still attached": ("attached", still_attached),
    "a list": ("returns-tuple", lambda *args: reference(*args).tolist()),
    "NumPy": ("returns-numpy", lambda *args: reference(*args).numpy()),
    "a float": ("returns-no-tensor", lambda *args: float(reference(*args)[0])),
    "complex": ("wrong-device", lambda *args: reference(*args).to(torch.complex64)),
    "infinite": ("own-class", lambda *args: reference(*args) / 0),
}
