"""Answers to the exercise `mixed_batch`."""

import torch

from advcourse import Untargeted


def with_rows(z, x, rows):
    """x with the attacked images z in some rows, detached."""
    mixed = x.clone()
    mixed[rows] = z.detach()
    return mixed


def reference(model, x, y, attack, share):
    k = round(share * len(x))
    z = attack(model, x[:k], Untargeted(y[:k]))
    return torch.cat([z, x[k:]]).detach()


def in_a_copy(model, x, y, attack, share):
    k = round(share * len(x))
    mixed = x.clone()
    mixed[:k] = attack(model, x[:k], Untargeted(y[:k])).detach()
    return mixed


def by_mask(model, x, y, attack, share):
    attacked = torch.arange(len(x)) < round(share * len(x))
    z = attack(model, x, Untargeted(y)).detach()
    return torch.where(attacked.view(-1, *[1] * (x.dim() - 1)), z, x)


def one_by_one(model, x, y, attack, share):
    k = int(share * len(x) + 0.5)
    rows = [
        attack(model, x[i : i + 1], Untargeted(y[i : i + 1])).detach() if i < k else x[i : i + 1] for i in range(len(x))
    ]
    return torch.cat(rows)


def with_split(model, x, y, attack, share):
    k = round(share * len(x))
    (first, rest), (labels, _) = (t.split([k, len(t) - k]) for t in (x, y))
    return torch.cat([attack(model, first, Untargeted(labels)), rest]).detach()


def of_labels(labels_of):
    def mixed_batch(model, x, y, attack, share):
        k = round(share * len(x))
        return with_rows(attack(model, x[:k], Untargeted(labels_of(model, x, y, k))), x, slice(k))

    return mixed_batch


def of_number(number):
    def mixed_batch(model, x, y, attack, share):
        k = number(share, len(x))
        return with_rows(attack(model, x[:k], Untargeted(y[:k])), x, slice(k))

    return mixed_batch


def of_rows(rows_of):
    def mixed_batch(model, x, y, attack, share):
        rows = rows_of(len(x), round(share * len(x)))
        return with_rows(attack(model, x[rows], Untargeted(y[rows])), x, rows)

    return mixed_batch


def appended(model, x, y, attack, share):
    k = round(share * len(x))
    return torch.cat([x, attack(model, x[:k], Untargeted(y[:k])).detach()])


def in_place(model, x, y, attack, share):
    k = round(share * len(x))
    x[:k] = attack(model, x[:k], Untargeted(y[:k])).detach()
    return x


def attached(model, x, y, attack, share):
    k = round(share * len(x))
    return torch.cat([attack(model, x[:k], Untargeted(y[:k])), x[k:]])


def left_evaluating(model, x, y, attack, share):
    model.eval()
    return reference(model, x, y, attack, share)


def labels_alone(model, x, y, attack, share):
    k = round(share * len(x))
    return torch.cat([attack(model, x[:k], y[:k]), x[k:]]).detach()


def everybodys_labels(model, x, y, attack, share):
    k = round(share * len(x))
    return torch.cat([attack(model, x[:k], Untargeted(y)), x[k:]]).detach()


def only_the_attacked(model, x, y, attack, share):
    return reference(model, x, y, attack, share)[: round(share * len(x))]


def rest_of_none(model, x, y, attack, share):
    k = round(share * len(x))
    return torch.cat([attack(model, x[:k], Untargeted(y[:k])), x[-(len(x) - k) :]]).detach() if k else x.clone()


BANK = {
    "the reference": ("ok", reference),
    "in a copy": ("ok", in_a_copy),
    "by mask": ("ok", by_mask),
    "one by one": ("ok", one_by_one),
    "with split": ("ok", with_split),
    "the stub": ("not-attempted", lambda model, x, y, attack, share: ...),
    "a stub for the attacked": ("not-attempted", lambda model, x, y, attack, share: x + ...),
    "appended": ("appended", appended),
    "cut off": ("rounds-down", of_number(lambda share, m: int(share * m))),
    "rounded up": ("rounds-up", of_number(lambda share, m: -int(-share * m // 1))),
    "the clean share": ("attacks-the-rest", of_number(lambda share, m: m - round(share * m))),
    "always half": ("wrong-number", of_number(lambda share, m: m // 2)),
    "as if there were eight": ("batch-of-eight", of_number(lambda share, m: round(8 * share))),
    "the rest of none": ("rest-of-none", rest_of_none),
    "always three": ("wrong-elsewhere", of_number(lambda share, m: 3)),
    "the last ones": ("other-rows", of_rows(lambda m, k: slice(m - k, m))),
    "every second": ("other-rows", of_rows(lambda m, k: slice(0, 2 * k, 2))),
    "label 0": ("wrong-value", of_labels(lambda model, x, y, k: 0 * y[:k])),
    "labels, no goal": ("goal-is-no-goal", labels_alone),
    "everybody's labels": ("goal-for-others", everybodys_labels),
    "only the attacked": ("wrong-shape", only_the_attacked),
    "in place": ("mutates-input", in_place),
    "attached": ("attached", attached),
    "left evaluating": ("flips-mode", left_evaluating),
    "left in training mode": ("flips-mode", lambda m, *rest: (m.eval(), reference(m, *rest), m.train())[1]),
    "zero_grad first": ("ok", lambda m, *rest: (m.zero_grad(), reference(m, *rest))[1]),
}
