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


def without_zero_gaps(W, b, x, y, p):
    gap = gaps(W, b, x, y)
    return (gap / dual_norm(differences(W, y), p)).where(gap != 0, math.inf).amin(1).clamp(min=0)


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


def own_class(W, b, x, y, p):
    return (gaps(W, b, x, y) / dual_norm(differences(W, y), p)).amin(1).clamp(min=0)


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
    "own class": ("own-class", own_class),
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
    "a hundred for infinity": ("ends-somewhere", lambda *args: reference(*args).clamp(max=100)),
    "leaves out every gap of 0": ("leaves-the-boundary", without_zero_gaps),
    "infinite": ("own-class", lambda *args: reference(*args) / 0),
    "infinite where misclassified": (
        "own-class",
        lambda W, b, x, y, p: reference(W, b, x, y, p).where((x @ W.T + b).argmax(1) == y, float("inf")),
    ),
}
