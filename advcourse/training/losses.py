"""What is minimised: functions (model, x, y) -> scalar. An attack inside a loss is called as attack(model, x, goal)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from advcourse.answers import check_classes, check_numbers
from advcourse.asking import Adversary, Model, answer, as_written, predicted
from advcourse.certify import interval_margins
from advcourse.convex import min_norm_point
from advcourse.goals import Goal, Untargeted, cross_entropy
from advcourse.threats import Threat

TrainingLoss = Callable[[nn.Module, Tensor, Tensor], Tensor]


def standard_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean cross entropy on the clean batch: empirical risk minimisation."""
    return losses(model, x, y).mean()


def losses(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The cross entropy of every sample, [B], once the model's answers are known to fit the labels."""
    out = answer(model, x)
    check_classes(out, y)
    return cross_entropy(out, y)


def absolute_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean |model(x) - y| of a model that answers with a number, [B]: regression to the median."""
    out = answer(model, x)
    check_numbers(out, y)
    return (out - y).abs().mean()


def kurakin_loss(model: nn.Module, x: Tensor, y: Tensor, *, attack: Adversary, share: float, weight: float) -> Tensor:
    """Mixed batch: k = round(share * m) of the m samples are *replaced* by attacked ones, which count `weight` each.

    [sum of the m - k clean losses + weight * sum of the k attacked ones] / (m - k + weight * k), so that the weights
    sum to one. The first k are replaced: batches are drawn at random, so any k are as good. The attack is told the
    *true* labels, attack(model, x, Untargeted(y)), which is what label leaking needs; `on_predictions` keeps them from
    it. Raises ValueError where nothing would be left of the normaliser. Kurakin, Goodfellow and Bengio, "Adversarial
    Machine Learning at Scale", ICLR 2017.
    """
    m = len(x)
    if not (0 <= share <= 1 and 0 <= weight < float("inf")):
        raise ValueError(
            f"share is the part of the batch that is attacked, in [0, 1], and weight >= 0 what an attacked sample "
            f"counts; got share={share}, weight={weight}"
        )
    k = round(share * m)
    total = (m - k) + weight * k
    if not total:
        raise ValueError(
            f"no sample of this batch counts: m={m}, k={k}, weight={weight}. With the whole batch attacked, share=1, "
            "the weight must be positive"
        )
    z = attack(model, x[:k], Untargeted(y[:k])).detach()
    loss = losses(model, torch.cat([z, x[k:]]), y)
    return (weight * loss[:k].sum() + loss[k:].sum()) / total


def madry_loss(model: nn.Module, x: Tensor, y: Tensor, *, attack: Adversary) -> Tensor:
    """Mean cross entropy on attacked inputs alone: the outer half of min_w E max_{z around x} l(w, z, y).

    attack(model, x, goal) -> z is the inner half, with its threat and steps fixed: `partial(pgd, threat=Linf(0.1),
    steps=7, step_size=0.03)`. One step from a random start, steps=1, is "fast" training: Wong, Rice and Kolter, ICLR
    2020. The gradient with respect to the weights is taken at a constant z: with one maximiser it is the gradient of
    the maximum (Danskin), with several it need not even descend. Madry et al., "Towards Deep Learning Models Resistant
    to Adversarial Attacks", ICLR 2018.
    """
    return standard_loss(model, attack(model, x, Untargeted(y)).detach(), y)


def descent_loss(model: nn.Module, x: Tensor, y: Tensor, *, attack: Adversary, candidates: int) -> Tensor:
    """Madry's loss mixed over several maximisers, so that one step down is a step down for each of them.

    The attack is run `candidates` times; with random starts it ends in different, about equally good maximisers. Their
    losses are weighted as the minimum-norm element of the hull of their gradients with respect to the weights is,
    which makes it the gradient of this loss. Costs as many attacks as candidates.
    Latorre et al., "Finding Actual Descent Directions for Adversarial Training", ICLR 2023.
    """
    if candidates < 1:
        raise ValueError(f"candidates={candidates}: the attack has to be run at least once; with 1 this is madry_loss")
    with as_written():
        maxima = [madry_loss(model, x, y, attack=attack) for _ in range(candidates)]
    weights = [p for p in model.parameters() if p.requires_grad]
    gradients = [torch.autograd.grad(loss, weights, retain_graph=True) for loss in maxima]
    flat = torch.stack([torch.cat([part.flatten() for part in gradient]) for gradient in gradients])
    return min_norm_point(flat).weights @ torch.stack(maxima)


def interval_loss(model: nn.Module, x: Tensor, y: Tensor, *, threat: Threat, share: float) -> Tensor:
    """(1 - share) * clean loss + share * loss of the worst margins that intervals allow, both mean cross entropies.

    The worst margins are bounds for every z of the threat's set, so the second part is at least what any attack could
    make of the loss: minimising it makes samples that can be certified. No attack is run, and none need be known.
    Training has to begin with a small radius: bounds of an untrained network at a large one say nothing.
    Gowal et al., "On the Effectiveness of Interval Bound Propagation for Training Verifiably Robust Models", 2018.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is the weight of the bounds against the clean loss, in [0, 1]; got {share}")
    clean = standard_loss(model, x, y)
    worst = cross_entropy(-interval_margins(model, x, y, threat), y)
    return torch.lerp(clean, worst.mean(), share)


def on_predictions(model: Model, x: Tensor, goal: Goal, *, attack: Adversary) -> Tensor:
    """The attack, away from what the model predicts and not from the goal's label: nothing of the label can leak.

    An adversary made of an adversary: `partial(on_predictions, attack=partial(fgsm, threat=Linf(0.1)))`. Kurakin et
    al., 2017, recommend it against label leaking.
    """
    return attack(model, x, Untargeted(predicted(model, x)))
