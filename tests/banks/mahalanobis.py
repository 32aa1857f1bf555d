"""Answers to `mahalanobis(x, mean, covariance)`."""

import torch


def reference(x, mean, covariance):
    away = x - mean
    return ((away @ torch.linalg.inv(covariance)) * away).sum(1).sqrt()


def cholesky(x, mu, S):
    factor = torch.linalg.cholesky(S)
    return torch.linalg.solve_triangular(factor, (x - mu).T, upper=False).norm(dim=0)


def solves(x, mean, covariance):
    away = (x - mean).T
    return (away * torch.linalg.solve(covariance, away)).sum(0) ** 0.5


def eigenvectors(x, mean, covariance):
    variance, axes = torch.linalg.eigh(covariance)
    return ((x - mean) @ axes / variance.sqrt()).pow(2).sum(dim=1).sqrt()


def row_by_row(x, mean, covariance):
    inverse = torch.inverse(covariance)
    return torch.stack([torch.sqrt((row - mean) @ inverse @ (row - mean)) for row in x])


def the_diagonal_of_all_pairs(x, mean, covariance):
    away = x - mean
    return (away @ covariance.inverse() @ away.T).diagonal().sqrt()


def in_place(x, mean, covariance):
    x -= mean
    return ((x @ covariance.inverse()) * x).sum(1).sqrt()


def scaled_by_the_batch(x, m, s):
    d = reference(x, m, s)
    return d if len(x) == 1 else d / d.max()


def rounds(x, m, s):
    return reference(x, m, s).half().float() + 0.004


def three_features(x, m, s):
    return reference(x, m, s) * (1 if x.shape[1] == 3 else 0.9)


def pseudo_inverse(x, m, s):
    return (((x - m) @ torch.linalg.pinv(s, atol=1e-4)) * (x - m)).sum(1).sqrt()


def large_eigenvalues_only(x, m, s):
    values, vectors = torch.linalg.eigh(s)
    return (((x - m) @ vectors) * torch.where(values > 1e-8, values.rsqrt(), 0)).norm(dim=1)


BANK = {
    "the reference": ("ok", reference),
    "Cholesky": ("ok", cholesky),
    "solves": ("ok", solves),
    "eigenvectors": ("ok", eigenvectors),
    "row by row": ("ok", row_by_row),
    "the diagonal of all pairs": ("ok", the_diagonal_of_all_pairs),
    "the stub": ("not-attempted", lambda x, m, s: ...),
    "a stub for the inverse": ("not-attempted", lambda x, m, s: (x - m) @ ...),
    "scaled by the batch": ("couples-rows", scaled_by_the_batch),
    "twice as far": ("wrong-factor", lambda x, m, s: 2 * reference(x, m, s)),
    "one farther": ("wrong-value", lambda x, m, s: 1 + reference(x, m, s)),
    "rounds": ("wrong-elsewhere", lambda x, m, s: rounds(x, m, s) if len(x) == 1 else reference(x, m, s)),
    "three features": ("wrong-elsewhere", three_features),
    "all pairs": ("wrong-shape", lambda x, m, s: (x - m) @ s.inverse() @ (x - m).T),
    "a column": ("wrong-shape", lambda x, m, s: reference(x, m, s)[:, None]),
    "one number": ("wrong-shape", lambda x, m, s: reference(x, m, s).sum()),
    "the root of the covariance": (
        "root-of-a-negative",
        lambda x, m, s: ((x - m) / s.sqrt().diagonal(1).sum()).sum(1).log(),
    ),
    "a pseudo-inverse that cuts off": ("drops-small-variances", pseudo_inverse),
    "large eigenvalues only": ("drops-small-variances", large_eigenvalues_only),
    "in place": ("mutates-input", in_place),
}
