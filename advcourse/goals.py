"""What the attacker wants. A goal scores the model's outputs and attacks *climb* it: the sign lives here, once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from advcourse.answers import check_classes, check_device, check_labels
from advcourse.descriptors import cosine_distance


class Goal(Protocol):
    """What every attack asks of a goal: `out` is what the model answers to B inputs, [B, ...].

    These five methods are all, so a goal for another kind of answer is written in a few lines. That a regressor, which
    answers with numbers [B], say more than a limit:

        @dataclass(frozen=True, eq=False)
        class Above:
            limit: Tensor  # [B]

            def score(self, out):
                return out

            def reached(self, out):
                return out > self.limit

            def check_batch(self, x):
                if len(x) != len(self.limit):
                    raise ValueError(f"{len(self.limit)} limits for {len(x)} inputs")

            def check(self, out):
                if out.shape != self.limit.shape:
                    raise ValueError(f"the model must answer with numbers {list(self.limit.shape)}")

            def __getitem__(self, index):
                return Above(self.limit[index])

    The attacks that look for the smallest distortion need to know the border as well, see `Bordered`.
    """

    def score(self, out: Tensor) -> Tensor:
        """What the attack climbs: [B]."""

    def reached(self, out: Tensor) -> Tensor:
        """Where the attacker has got what he wants: [B] bool."""

    def check_batch(self, x: Tensor) -> None:
        """Raise a ValueError unless the goal is about as many samples as x has: to be asked before indexing."""

    def check(self, out: Tensor) -> None:
        """Raise a ValueError that teaches if out cannot be scored."""

    def __getitem__(self, index: Tensor) -> Self:
        """The same goal for some of the samples, also repeated."""


class Bordered(Goal, Protocol):
    """A goal that knows where its region ends: what `deepfool`, `ddn` and `lbfgs` ask as well."""

    def margins(self, out: Tensor) -> Tensor:
        """Differences of outputs, one of which has to rise above zero and suffices: [B, R]."""

    def smooth_margin(self, out: Tensor) -> Tensor:
        """The largest margin without its kinks, never flat where the model is sure: [B]. Only `lbfgs` asks it."""


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """l(x, y) = -a_y + log sum_k exp a_k for every sample: logits [B, K], y [B] -> [B].

    The sum over exponentials is shifted by its largest term, so that no logit overflows.
    """
    return F.cross_entropy(logits, y, reduction="none")


def margin(logits: Tensor, y: Tensor) -> Tensor:
    """max_{k != y} a_k - a_y for every sample: positive exactly where class y loses. logits [B, K], y [B] -> [B].

    It never saturates: scaling the logits scales its gradient, where the cross entropy of a confident model has none.
    Carlini and Wagner, "Towards Evaluating the Robustness of Neural Networks", S&P 2017.
    """
    others = logits.scatter(1, y[:, None], -torch.inf).amax(1)
    return others - logits.gather(1, y[:, None]).squeeze(1)


def logit_ratio(logits: Tensor, y: Tensor) -> Tensor:
    """(max_{k != y} a_k - a_y) / (a_(1) - (a_(3) + a_(4)) / 2), a_(i) the i-th largest: the margin without its unit.

    Neither a factor on all logits nor a constant added to them changes it. [B, K], [B] -> [B]. It is the difference of
    logits ratio of Croce and Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse
    Parameter-free Attacks", ICML 2020, with the denominator of their targeted loss for both goals: with a_(3) alone it
    is flat where y ranks third, and a target has to pass there. Of three classes the denominator takes the second and
    the third. With two, a loss without unit could only say who wins: there it is the plain margin.
    """
    lead = margin(logits, y)
    if logits.shape[1] == 2:
        return lead
    top = logits.topk(min(4, logits.shape[1])).values
    spread = top[:, 0] - top[:, -2:].mean(1)
    return lead / torch.where(spread > 0, spread, 1.0)  # a constant answer has no spread, and no margin


def probability_margin(logits: Tensor, y: Tensor) -> Tensor:
    """max_{k != y} p_k - p_y for every sample, between -1 and 1: [B, K], [B] -> [B].

    It is computed as max p_k + (1 - p_y) - 1, so that the gradient stays exact where p_y rounds to one. Xie, Zheng,
    Huang, Ye and Ma, "Towards Million-Scale Adversarial Robustness Evaluation with Stronger Individual Attacks", 2024.
    """
    lead = _over(logits, y).logsumexp(1)
    rival = margin(logits, y) - F.softplus(lead)  # log max p_k, for -log p_y = log(1 + exp(lead))
    return rival.exp() + lead.sigmoid() - 1


Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class _OfClass:
    """A goal about one class a sample: the labels [B] in the field that `field` names."""

    field: ClassVar[str]

    def check_batch(self, x: Tensor) -> None:
        """Raise a ValueError unless every sample of x has one label, on its device: to be asked before indexing."""
        check_labels(self._labels, len(x), self.field)
        check_device(self._labels, x, self.field, "x is")

    def check(self, out: Tensor) -> None:
        """Raise a ValueError that teaches if out, logits [B, K], and the labels do not fit together."""
        check_classes(out, self._labels, self.field)
        _refuse_probabilities(out)

    def __getitem__(self, index: Tensor) -> Self:
        """The same goal for some of the samples, also repeated."""
        return replace(self, **{self.field: self._labels[index]})

    @property
    def _labels(self) -> Tensor:
        return getattr(self, self.field)


@dataclass(frozen=True, eq=False)
class Untargeted(_OfClass):
    """Any class but y [B], the true one: climb the loss of y."""

    y: Tensor
    loss: Loss = cross_entropy
    field: ClassVar[str] = "y"

    def score(self, out: Tensor) -> Tensor:
        """What the attack climbs: out [B, K] -> [B]."""
        return self.loss(out, self.y)

    def reached(self, out: Tensor) -> Tensor:
        """Where the model no longer answers y: out [B, K] -> [B] bool."""
        return out.argmax(1) != self.y

    def margins(self, out: Tensor) -> Tensor:
        """a_k - a_y of every other class k: out [B, K] -> [B, K - 1]. One above zero is enough."""
        return _over(out, self.y)

    def smooth_margin(self, out: Tensor) -> Tensor:
        """log (1 - p_y) / p_y, the log odds against y: out [B, K] -> [B]. The cross entropy is log(1 + exp) of it."""
        return _over(out, self.y).logsumexp(1)


@dataclass(frozen=True, eq=False)
class Targeted(_OfClass):
    """The class t [B], chosen by the attacker: descend its loss, that is climb its negative."""

    t: Tensor
    loss: Loss = cross_entropy
    field: ClassVar[str] = "t"

    def score(self, out: Tensor) -> Tensor:
        """What the attack climbs: out [B, K] -> [B]."""
        return -self.loss(out, self.t)

    def reached(self, out: Tensor) -> Tensor:
        """Where the model answers t: out [B, K] -> [B] bool."""
        return out.argmax(1) == self.t

    def margins(self, out: Tensor) -> Tensor:
        """a_t - max_{k != t} a_k, the lead over the strongest rival: out [B, K] -> [B, 1]."""
        return -_over(out, self.t).max(1, keepdim=True).values

    def smooth_margin(self, out: Tensor) -> Tensor:
        """log p_t / (1 - p_t), the log odds of t: out [B, K] -> [B]."""
        return -_over(out, self.t).logsumexp(1)


@dataclass(frozen=True, eq=False)
class MatchDescriptor:
    """What an embedding computes of a target, [B, D] or feature maps [B, C, H, W]: descend the distance from it.

    Agreement is 1 - loss: with the cosine distance the cosine of the two descriptors. The goal is reached where it is
    above the threshold. Of the losses in `descriptors`, `cosine_distance` is for a known pooling, `histogram_distance`
    and `tensor_distance` for an unknown one; then the embedding answers with feature maps. Tolias, Radenovic and Chum,
    "Targeted Mismatch Adversarial Attack: Query with a Flower to Retrieve the Tower", ICCV 2019.
    """

    target: Tensor
    loss: Loss = cosine_distance
    threshold: float = 0.9

    def score(self, out: Tensor) -> Tensor:
        """What the attack climbs: out [B, ...] -> [B]."""
        return -self.loss(out, self.target)

    def reached(self, out: Tensor) -> Tensor:
        """Where the agreement is above the threshold: out [B, ...] -> [B] bool."""
        return self.smooth_margin(out) > 0

    def margins(self, out: Tensor) -> Tensor:
        """By how much the agreement exceeds the threshold: out [B, ...] -> [B, 1]."""
        return self.smooth_margin(out)[:, None]

    def smooth_margin(self, out: Tensor) -> Tensor:
        """The same number, which has no kinks: [B]."""
        return 1 - self.loss(out, self.target) - self.threshold

    def check_batch(self, x: Tensor) -> None:
        """Raise a ValueError unless there is one target for every sample of x, on its device."""
        if not isinstance(self.target, Tensor) or self.target.ndim < 2 or len(self.target) != len(x):
            found = list(self.target.shape) if isinstance(self.target, Tensor) else type(self.target).__name__
            raise ValueError(
                f"target must hold a descriptor for each of the {len(x)} samples, [{len(x)}, ...]; got {found}: it is "
                f"embed(images of the target), and one target for all is target.expand({len(x)}, -1)"
            )
        check_device(self.target, x, "target", "x is")

    def check(self, out: Tensor) -> None:
        """Raise a ValueError that teaches if out cannot be compared with the target."""
        self.check_batch(out)
        found = self.loss(out.detach(), self.target)
        if found.shape != out.shape[:1]:
            raise ValueError(
                f"the loss must return one distance a sample, [{len(out)}]; got {list(found.shape)}: sum or average "
                "over all dimensions but the first"
            )

    def __getitem__(self, index: Tensor) -> Self:
        """The same goal for some of the samples, also repeated."""
        return replace(self, target=self.target[index])


def everywhere(lead: Tensor) -> Tensor:
    """sum_i max(lead_i + 1, 0)^2 over all places: [B, N] -> [B]. A place is left alone where it is well below.

    The objectness loss of Wu, Lim, Davis and Goldstein, "Making an Invisibility Cloak", ECCV 2020.
    """
    return (lead + 1).clamp(min=0).square().sum(1)


def strongest(lead: Tensor) -> Tensor:
    """max_i lead_i, the surest place alone: [B, N] -> [B]. Its gradient is zero everywhere else."""
    return lead.amax(1)


@dataclass(frozen=True, eq=False)
class Hide:
    """Nothing found: lower the scores of a detector wherever it would fire, above the threshold.

    out [B, ...] are scores, one for each place that may fire: a `Detector`'s objectness, or one number for a crop. The
    loss is asked of all of them together, [B, N], less the threshold: `everywhere`, or `strongest`.
    """

    loss: Callable[[Tensor], Tensor] = everywhere
    threshold: float = 0.0

    def score(self, out: Tensor) -> Tensor:
        """What the attack climbs: out [B, ...] -> [B]."""
        return -self.loss(self._lead(out))

    def reached(self, out: Tensor) -> Tensor:
        """Where the detector fires nowhere: out [B, ...] -> [B] bool."""
        return strongest(self._lead(out)) <= 0

    def margins(self, out: Tensor) -> Tensor:
        """By how much the surest place stays below the threshold: out [B, ...] -> [B, 1]."""
        return -strongest(self._lead(out))[:, None]

    def smooth_margin(self, out: Tensor) -> Tensor:
        """The same without kinks, -log sum exp of the leads, never more: [B]."""
        return -self._lead(out).logsumexp(1)

    def check_batch(self, x: Tensor) -> None:
        """Nothing to compare: the same goal suits every sample."""

    def check(self, out: Tensor) -> None:
        """Raise a ValueError that teaches if out are no scores, or the loss does not answer with one a sample."""
        if not len(out) or not out[0].numel():
            raise ValueError(f"a detector's scores are [B, places]; got {list(out.shape)}, where there is no place")
        found = self.loss(self._lead(out.detach()))
        if found.shape != out.shape[:1]:
            raise ValueError(
                f"the loss must return one number a sample, [{len(out)}]; got {list(found.shape)}: sum or average "
                "over the places"
            )

    def __getitem__(self, index: Tensor) -> Self:
        """The same goal for some of the samples, also repeated."""
        return self

    def _lead(self, out: Tensor) -> Tensor:
        return out.reshape(len(out), -1) - self.threshold


def _over(out: Tensor, y: Tensor) -> Tensor:
    """By how much each other class exceeds y, in the order of the classes: [B, K], [B] -> [B, K - 1]."""
    others = torch.arange(out.shape[1] - 1, device=out.device).expand(len(out), -1)
    return out.gather(1, others + (others >= y[:, None])) - out.gather(1, y[:, None])


def _refuse_probabilities(out: Tensor) -> None:
    if len(out) and out.detach().min() >= 0 and bool(((out.detach().sum(1) - 1).abs() < 1e-4).all()):
        raise ValueError(
            "the model returned probabilities (every row is >= 0 and sums to 1); attacks need logits, because the "
            "gradient of a confident softmax is zero: drop the model's last softmax"
        )
