"""Answers to `most_susceptible(distances)`."""

import statistics

import numpy as np
import torch


def reference(distances):
    return sorted(distances, key=lambda name: distances[name].median())


def pairs(table):
    medians = [(float(np.median(d.numpy())), name) for name, d in table.items()]
    return [name for _, name in sorted(medians)]


def argsort(distances):
    names = list(distances)
    middle = torch.stack([torch.quantile(d.double(), 0.5, interpolation="lower") for d in distances.values()])
    return tuple(names[i] for i in middle.argsort())


def selection(distances):
    left, out = {name: statistics.median(d.tolist()) for name, d in distances.items()}, []
    while left:
        best = min(left, key=left.get)
        out.append(best)
        del left[best]
    return out


def ordered_dict(distances):
    return dict(sorted(distances.items(), key=lambda item: item[1].sort().values[len(item[1]) // 2])).keys()


def by(key):
    return lambda distances: sorted(distances, key=lambda name: float(key(distances[name])))


def looks_up_by_the_median(distances):
    names = {float(d.median()): name for name, d in distances.items()}
    return [names[median] for median in sorted(names)]


def pops(distances):
    out = []
    while distances:
        best = min(distances, key=lambda name: distances[name].median())
        out.append(best)
        distances.pop(best)
    return out


def sorts_in_place(distances):
    for d in distances.values():
        d.copy_(d.sort().values)
    return by(lambda d: d[len(d) // 2])(distances)


def reorders(distances):
    names = reference(distances)
    first = distances.pop(names[-1])
    distances[names[-1]] = first
    first = distances.pop(names[0])
    distances[names[0]] = first
    return names


def swapped_for_float64(distances):
    names = reference(distances)
    return names[::-1] if next(iter(distances.values())).dtype == torch.float64 else names


BANK = {
    "the reference": ("ok", reference),
    "sorted pairs, NumPy, other names": ("ok", pairs),
    "argsort, a tuple": ("ok", argsort),
    "one after the other": ("ok", selection),
    "keys of a sorted dict": ("ok", ordered_dict),
    "the stub": ("not-attempted", lambda distances: ...),
    "a stub for the key": ("not-attempted", lambda distances: sorted(distances, key=lambda name: ... + 1)),
    "geometric mean": ("by-logarithm", by(lambda d: d.log().mean())),
    "float64 the other way round": ("wrong-elsewhere", swapped_for_float64),
    "the most susceptible only": ("one-name", lambda d: reference(d)[0]),
    "looks up by the median": ("equals-lost", looks_up_by_the_median),
    "names and medians": ("returns-no-names", lambda d: [(n, d[n].median()) for n in reference(d)]),
    "medians": ("returns-no-names", lambda d: sorted(v.median() for v in d.values())),
    "a tensor of medians": ("returns-no-list", lambda d: torch.stack([v.median() for v in d.values()])),
    "an iterator": ("returns-no-list", lambda d: iter(reference(d))),
    "the first three": ("other-names", lambda d: reference(d)[:3]),
    "leaves out the infinite": (
        "infinite-left-out",
        lambda d: [n for n in reference(d) if d[n].median() < float("inf")],
    ),
    "as text": ("as-text", lambda d: sorted(d, key=lambda name: f"{d[name].median():.6f}")),
    "one name twice": ("other-names", lambda d: [*reference(d), reference(d)[0]]),
    "list.sort": ("returns-none", lambda d: list(d).sort(key=lambda name: d[name].median())),
    "empties the dict": ("mutates-input", pops),
    "sorts the tensors in place": ("mutates-input", sorts_in_place),
    "moves keys": ("mutates-input", reorders),
    "by the share within one half": (
        "wrong-order",
        lambda distances: sorted(distances, key=lambda name: -float((distances[name] < 0.5).double().mean())),
    ),
}
