"""Answers to `top_three(logits)`."""

import torch
import torch.nn.functional as F


def reference(logits):
    return logits.softmax(1).topk(3)


def by_sorting(logits):
    p, order = F.softmax(logits, dim=-1).sort(dim=1, descending=True)
    return p[:, :3], order[:, :3]


def by_argsort(a):
    p = torch.softmax(a, 1)
    classes = p.argsort(1).flip(1)[:, :3]
    return [torch.gather(p, 1, classes), classes]


def row_by_row(logits):
    shares, classes = [], []
    for row in logits:
        e = (row - row.max()).exp()
        best = sorted(range(len(row)), key=lambda k: -row[k])[:3]
        classes.append(torch.tensor(best))
        shares.append((e / e.sum())[best])
    return torch.stack(shares), torch.stack(classes)


def unstable(logits):
    e = logits.exp()
    return (e / e.sum(1, keepdim=True)).topk(3)


def of(score):
    return lambda logits: score(logits).topk(3)


def first_columns(logits):
    p = logits.softmax(1)
    return p[:, :3], p.topk(3).indices


def classes_of_the_batch(logits):
    p, classes = reference(logits)
    return p, classes[:1].expand_as(classes)


def in_place(logits):
    logits.sub_(logits.amax(1, keepdim=True)).exp_()
    logits.div_(logits.sum(1, keepdim=True))
    return logits.topk(3)


def one_after_another(strike):
    """The largest three times, each struck out before the next: strike(p, largest)."""

    def three_times(a):
        p, values, classes = a.softmax(1), [], []
        for _ in range(3):
            best = p.max(1)
            values.append(best.values)
            classes.append(best.indices)
            p = strike(p, best)
        return torch.stack(values, 1), torch.stack(classes, 1)

    return three_times


def overwrites_with(number):
    return one_after_another(lambda p, best: p.scatter(1, best.indices[:, None], number))


def strikes_out_equals(mark):
    return one_after_another(lambda p, best: p.where(p != best.values[:, None], mark))


BANK = {
    "the reference": ("ok", reference),
    "by sorting": ("ok", by_sorting),
    "by argsort": ("ok", by_argsort),
    "row by row": ("ok", row_by_row),
    "the stub": ("not-attempted", lambda logits: ...),
    "a stub in a pair": ("not-attempted", lambda logits: (..., ...)),
    "a stub for the probabilities": ("not-attempted", lambda logits: torch.topk(..., 3)),
    "sigmoid": ("sigmoid", of(torch.sigmoid)),
    "over the batch": ("softmax-over-the-batch", of(lambda a: a.softmax(0))),
    "exponentials": ("exponentials", of(torch.exp)),
    "the first columns": ("wrong-probabilities", first_columns),
    "the first row's classes": ("wrong-classes", classes_of_the_batch),
    "constant": ("wrong-value", lambda a: (torch.full((len(a), 3), 0.2), torch.zeros(len(a), 3))),
    "overflows": ("overflows", unstable),
    "the probabilities alone": ("no-pair", lambda a: reference(a).values),
    "a dict": ("no-pair", lambda a: {"p": a, "classes": a}),
    "None": ("returns-none", lambda a: None),
    "three of the batch": ("wrong-shape", lambda a: a.softmax(1).topk(3, dim=0)),
    "a tenth of the logits": ("other-temperature", of(lambda a: (a / 10).softmax(1))),
    "five": ("wrong-shape", lambda a: a.softmax(1).topk(min(5, a.shape[1]))),
    "many rows only": ("wrong-elsewhere", lambda a: reference(a if len(a) > 1 else -a)),
    "the maximum three times": ("ok", overwrites_with(-1.0)),
    "the maximum three times, overwritten with 0": ("one-class-twice", overwrites_with(0.0)),
    "strikes out what is equal": ("strikes-out-equals", strikes_out_equals(-1.0)),
    "strikes it out with minus infinity": ("infinite-mark", strikes_out_equals(-torch.inf)),
    "far apart": ("wrong-elsewhere", lambda a: reference(a.clamp(-20, 20) if a.abs().max() > 400 else a)),
    "in place": ("mutates-input", in_place),
}
