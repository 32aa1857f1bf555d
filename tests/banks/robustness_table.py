"""Answers to `robustness_table(networks, x, y, attack, radii)`."""

import torch

from advcourse import L2, Linf, Targeted, Untargeted


def right(model, x, y):
    with torch.no_grad():
        return model(x).argmax(1) == y


def withstands(model, x, y, attack, eps):
    """Right at the attacked samples, whatever was before."""
    return right(model, attack(model, x, Untargeted(y), Linf(eps)), y)


def flags(model, x, y, attack, radii):
    return torch.stack([withstands(model, x, y, attack, eps) for eps in radii])


def reference(networks, x, y, attack, radii):
    table = torch.zeros(len(networks), len(radii))
    for i, model in enumerate(networks):
        alive = torch.ones(len(x), dtype=torch.bool)
        for j, eps in enumerate(radii):
            alive = alive & withstands(model, x, y, attack, eps)
            table[i, j] = alive.double().mean()
    return table


def survivors_only(nets, images, labels, adversary, sizes):
    rows = []
    for net in nets:
        z, t, row = images, labels, []
        for size in sizes:
            stands = net(adversary(net, z, Untargeted(t), Linf(size))).argmax(1) == t
            z, t = z[stands], t[stands]
            row.append(len(z) / len(images))
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


def by_cumprod(networks, x, y, attack, radii):
    return torch.stack([flags(m, x, y, attack, radii).long().cumprod(0).double().mean(1) for m in networks])


def one_by_one(networks, x, y, attack, radii):
    def stands(model, i, eps):
        return bool(withstands(model, x[i : i + 1], y[i : i + 1], attack, eps))

    rows = []
    for model in networks:
        counts = [0] * len(radii)
        for i in range(len(x)):
            for j, eps in enumerate(radii):
                if not stands(model, i, eps):
                    break
                counts[j] += 1
        rows.append([count / len(x) for count in counts])
    return torch.tensor(rows)


def walks_on(networks, x, y, attack, radii):
    table = []
    for model in networks:
        z, row = x, []
        for eps in radii:
            z = attack(model, z, Untargeted(y), Linf(eps))
            row.append(right(model, z, y).double().mean())
        table.append(torch.stack(row))
    return torch.stack(table)


def told(goal_of, threat_of=Linf):
    def answer(networks, x, y, attack, radii):
        rows = []
        for m in networks:
            each = [right(m, attack(m, x, goal_of(m, x, y), threat_of(eps)), y) for eps in radii]
            rows.append(torch.stack(each).long().cumprod(0).double().mean(1))
        return torch.stack(rows)

    return answer


def untargeted(model, x, y):
    return Untargeted(y)


def clean_first(networks, x, y, attack, radii):
    table = torch.zeros(len(networks), len(radii))
    for i, m in enumerate(networks):
        alive = right(m, x, y)
        for j, eps in enumerate(radii):
            alive = alive & right(m, attack(m, x, Untargeted(y), Linf(eps)), y)
            table[i, j] = alive.float().mean()
    return table


def all_labels_for_survivors(networks, x, y, attack, radii):
    for m in networks:
        z = x
        for eps in radii:
            z = z[right(m, attack(m, z, Untargeted(y), Linf(eps)), y)]


def first_labels_for_survivors(networks, x, y, attack, radii):
    for m in networks:
        z = x
        for eps in radii:
            labels = y[: len(z)]
            z = z[right(m, attack(m, z, Untargeted(labels), Linf(eps)), labels)]


BANK = {
    "the reference": ("ok", reference),
    "survivors only, other names": ("ok", survivors_only),
    "by cumprod": ("ok", by_cumprod),
    "one by one": ("ok", one_by_one),
    "the stub": ("not-attempted", lambda networks, x, y, attack, radii: ...),
    "a stub for the threat": ("not-attempted", lambda n, x, y, attack, radii: n[0](... + x)),
    "clean": (
        "clean-everywhere",
        lambda n, x, y, attack, radii: torch.stack([right(m, x, y).double().mean().expand(len(radii)) for m in n]),
    ),
    "over 255": ("grey-levels", told(untargeted, lambda eps: Linf(eps / 255))),
    "transposed": ("wrong-shape", lambda *args: reference(*args).T),
    "walks on": ("attacks-the-attacked", walks_on),
    "numbers for threats": ("radius-is-no-threat", told(untargeted, lambda eps: eps)),
    "another ball": ("other-norm", told(untargeted, L2)),
    "on predictions": (
        "attacks-predictions",
        lambda n, *rest: told(lambda m, x, y: Untargeted(m(x).argmax(1)))(n[:1], *rest),
    ),
    "targeted": ("targeted-goal", told(lambda m, x, y: Targeted(y))),
    "labels for a goal": ("goal-is-no-goal", told(lambda m, x, y: y)),
    "all labels for survivors": ("goal-for-others", all_labels_for_survivors),
    "first labels for survivors": ("labels-of-others", first_labels_for_survivors),
    "begins with the clean answers": ("asks-about-clean", clean_first),
    "rounded": ("wrong-value", lambda *args: (10 * reference(*args)).floor() / 10),
    "knows these radii": (
        "wrong-elsewhere",
        lambda n, x, y, attack, radii: reference(n, x, y, attack, radii) * (1 if len(radii) > 1 else 0.5),
    ),
}
