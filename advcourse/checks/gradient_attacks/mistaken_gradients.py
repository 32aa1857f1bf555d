"""Gradients that students take for the loss's gradient, in closed form, and what to say about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models import Case

# From the logits [B, K] and the one-hot labels [B, K] to the gradient w.r.t. the logits.
PerLogit = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class MistakenGradient:
    diagnosis: str
    of_what: str
    look: str
    per_logit: PerLogit

    def of(self, case: Case, labels: Tensor) -> Tensor:
        return case.pull_back(self.per_logit(case.logits(case.x), case.one_hot(labels)), case.x)


def _through_softmax(p: Tensor, v: Tensor) -> Tensor:
    return p * (v - (p * v).sum(1, keepdim=True))


def _largest(logits: Tensor) -> Tensor:
    return F.one_hot(logits.argmax(1), logits.shape[1]).double()


def _predicted_label(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.softmax(1) - _largest(logits)


def _max_logit(logits: Tensor, labels: Tensor) -> Tensor:
    return _largest(logits)


def _own_logit(logits: Tensor, labels: Tensor) -> Tensor:
    return labels


def _all_logits(logits: Tensor, labels: Tensor) -> Tensor:
    return torch.ones_like(logits)


def _max_probability(logits: Tensor, labels: Tensor) -> Tensor:
    return _through_softmax(logits.softmax(1), _largest(logits))


def _double_softmax(logits: Tensor, labels: Tensor) -> Tensor:
    p = logits.softmax(1)
    return _through_softmax(p, p.softmax(1) - labels)


def _squared_error(logits: Tensor, labels: Tensor) -> Tensor:
    return logits - labels


def _squared_error_of_probabilities(logits: Tensor, labels: Tensor) -> Tensor:
    p = logits.softmax(1)
    return _through_softmax(p, p - labels)


def _entropy(logits: Tensor, labels: Tensor) -> Tensor:
    p = logits.softmax(1)
    return _through_softmax(p, p.clamp_min(1e-30).log())


_WHICH_LOSS = "Cross-entropy also weighs all the other classes: write the loss down before you differentiate it."

MISTAKEN_GRADIENTS = (
    MistakenGradient(
        "predicted-label",
        "the loss of the class the model predicts, right or wrong",
        "Compare a misclassified sample with a correct one: which label should the loss be given?",
        _predicted_label,
    ),
    MistakenGradient("max-logit", "the largest logit", _WHICH_LOSS, _max_logit),
    MistakenGradient("label-logit", "the label's logit alone", _WHICH_LOSS, _own_logit),
    MistakenGradient("sum-of-logits", "the sum of all logits, which knows no label", _WHICH_LOSS, _all_logits),
    MistakenGradient(
        "max-probability",
        "the largest probability",
        "That function never looks at the label: which quantity should the attack change?",
        _max_probability,
    ),
    MistakenGradient(
        "double-softmax",
        "a cross-entropy whose softmax was applied twice",
        "Does your loss function expect logits or probabilities, and which of the two does it get?",
        _double_softmax,
    ),
    MistakenGradient(
        "squared-error", "a squared error between the logits and the one-hot label", _WHICH_LOSS, _squared_error
    ),
    MistakenGradient(
        "squared-error",
        "a squared error between the probabilities and the one-hot label",
        _WHICH_LOSS,
        _squared_error_of_probabilities,
    ),
    MistakenGradient("entropy", "the entropy of the prediction, which knows no label", _WHICH_LOSS, _entropy),
)
