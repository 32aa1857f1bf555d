"""Answers to `counterexample(n)`."""

import torch


def in_the_plane(a, b):
    """Two gradients of the plane, with zeros behind them."""

    def answer(n):
        return torch.nn.functional.pad(torch.tensor([a, b], dtype=torch.float32), (0, n - 2))

    return answer


def reference(n):
    rows = torch.zeros(2, n)
    rows[0, 0], rows[1, 0], rows[:, 1] = 10.0, -1.0, 1.0
    return rows


def lengthened(n):
    torch.manual_seed(1)
    a, b = torch.randn(2, n, dtype=torch.float64)
    a = a if a @ b < 0 else -a
    return torch.stack([a, 0.01 * b])


def obtuse(n):
    first = torch.eye(n)[0]
    return torch.stack([9 * first, torch.eye(n)[1] - first])


def in_columns(n):
    rows = torch.zeros(2, n)
    rows[:, :2] = torch.tensor([[4.0, 1.0], [-1.0, 1.0]])
    return rows.T


def filled_with_ones(length):
    def answer(n):
        rows = torch.ones(2, n)
        rows[:, 0] = torch.tensor([length, -1.0])
        return rows

    return answer


BANK = {
    "the reference": ("ok", reference),
    "one much shorter": ("ok", lengthened),
    "obtuse": ("ok", obtuse),
    "another one": ("ok", in_the_plane([-0.5, 0.4], [7.0, 0.4])),
    "the stub": ("not-attempted", lambda n: ...),
    "a stub for a row": ("not-attempted", lambda n: torch.stack([torch.ones(n), ... * torch.ones(n)])),
    "the lecture's": ("mean-descends", in_the_plane([2, 1], [-2, 1])),
    "longer in one coordinate": ("mean-descends", in_the_plane([2, 3], [-2, 1])),
    "ones behind": ("other-coordinates", filled_with_ones(4.0)),
    "ones behind, acute in space": ("other-coordinates", filled_with_ones(3.5)),
    "at right angles": ("right-angle", in_the_plane([1, 0], [0, 1])),
    "opposite": ("opposite", in_the_plane([1, 2], [-1, -2])),
    "opposite, not as long": ("opposite", in_the_plane([1, 2], [-3, -6])),
    "acute": ("acute", in_the_plane([1, 1], [1, 0.5])),
    "twice the same": ("acute", in_the_plane([1, 1], [1, 1])),
    "twice the same, very long": ("acute", lambda n: torch.full((2, n), 1e200, dtype=torch.float64)),
    "very short": ("ok", lambda n: 1e-200 * reference(n).double()),
    "opposite in space only": (
        "opposite",
        lambda n: reference(n) if n == 2 else torch.eye(n)[:1] * torch.tensor([[1], [-1]]),
    ),
    "a zero row": ("zero-gradient", in_the_plane([1, 1], [0, 0])),
    "always in the plane": ("only-in-the-plane", lambda n: reference(2)),
    "refuses": ("only-in-the-plane", lambda n: reference(n) if n == 2 else reference(1)),
    "three rows": ("wrong-shape", lambda n: torch.ones(3, n)),
    "a tuple": ("returns-tuple", lambda n: tuple(reference(n))),
    "in columns": ("columns", in_columns),
}
