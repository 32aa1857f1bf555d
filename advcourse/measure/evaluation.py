"""Robust accuracy caught between two numbers, and whether the numbers are to be trusted."""

import time
from collections.abc import Generator as Steps
from contextlib import contextmanager
from functools import partial

import torch
from torch import Generator, Tensor

from advcourse.answers import check_classes, check_labels, check_no_nan
from advcourse.asking import Model
from advcourse.behind import networks
from advcourse.certify import certified, intervals
from advcourse.certify.bounds import By
from advcourse.measure import crosschecks, sanity
from advcourse.measure.outcome import Counted, Outcome
from advcourse.measure.report import Finding, Report
from advcourse.measure.schedule import Schedule
from advcourse.measure.shares import logits
from advcourse.threats import L1, Threat

MASKING = ("continuity", "gradients")  # alarms that say: what gradients do not find is still to be looked for


@torch.inference_mode(False)
def evaluate(
    model: Model,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    *,
    twin: Model | None = None,
    by: By = intervals,
    queries: int = 100,
    batch: int = 100,
    generator: Generator | None = None,
) -> Report:
    """How robust the model is on x [N, ...], y [N] within the threat: between a bound by attacks and one by proof.

    From above: attacks, cheap ones first, each on the survivors of those before; what counts is the worst case of every
    sample, by a fresh answer to the point that fooled it. From below: samples certified `by` intervals, or by
    `certify.relaxation`, which takes longer and certifies more. Between them the sanity lines: whether what was asked
    can be asked, and whether attacks that should agree do. `twin` is the same network trained without a defence: it
    must fall, and its adversarial examples are tried on the model. Square asks `queries` times about a sample. Attacks
    see `batch` samples at a time; the random ones draw from the generator. Raises ValueError for x outside of the box,
    for labels that are none, and for answers that are no logits [B, K] or NaN.
    """
    start = time.perf_counter()
    threat.around(x)
    check_labels(y, len(x))
    with _kept(model):
        counted = Counted(model)
        out = logits(counted, x, batch=batch)
        check_classes(out, y)
        check_no_nan(out)
        outcome = Outcome(counted, x, y, out.argmax(1) == y, batch)
        probabilities = sanity.look_like_probabilities(out)
        asked = sanity.Logarithms(counted) if probabilities else counted
        lines = [sanity.logits_line(probabilities), *_questions(outcome, asked, x, threat)]
        _attack(outcome, Schedule(asked, x, y, threat, generator), lines, queries)
        lines += _twin(outcome, asked, twin, x, threat, generator)
        lines += _checks(outcome, asked, x, threat)
        bound, why = _certified(model, x, y, threat, by)
    lines.append(crosschecks.proven(outcome, bound, why))
    found = outcome.right, outcome.survived, outcome.taken_by, outcome.z, bound, why
    return Report(threat, *found, tuple(outcome.stages), tuple(lines), time.perf_counter() - start)


def _questions(outcome: Outcome, model: Model, x: Tensor, threat: Threat) -> list[Finding]:
    """The lines about the model itself, asked about a few samples that are right."""
    rows = outcome.right.nonzero().squeeze(1)[: crosschecks.FEW]
    with outcome.stage("questions"):
        lines = list(sanity.answers(model, x[rows]))
        seen = sanity.slopes(model, x[rows], outcome.y[rows], threat)
        return [*lines, *sanity.gradients(seen, lines[0].sound is True)]


def _attack(outcome: Outcome, schedule: Schedule, lines: list[Finding], queries: int) -> None:
    """Every attack in turn; those by gradients where there is one, the one without on all where gradients mislead."""
    model, masked = schedule.model, any(line.sound is False for line in lines if line.name in MASKING)
    outcome.show("noise", model, schedule.noise, 1.0)
    if sanity.differentiable(model, schedule.x[:1]):
        for name, share, attack in schedule.stages():
            outcome.show(name, model, attack, share)
    if not isinstance(schedule.threat, L1) and schedule.x.ndim == 4:
        outcome.show("black box", model, partial(schedule.search, queries=queries), 1.0 if masked else 0.1)


def _twin(
    outcome: Outcome, model: Model, twin: Model | None, x: Tensor, threat: Threat, generator: Generator | None
) -> list[Finding]:
    """The twin attacked by its gradients, and what fooled it shown to the model."""
    if twin is None:
        return [crosschecks.undefended(0, 0, 0)]
    asked = Counted(twin)
    own = Outcome(asked, x, outcome.y, logits(asked, x).argmax(1) == outcome.y, outcome.batch)
    for name, share, attack in list(Schedule(asked, x, outcome.y, threat, generator).stages())[:3]:
        own.show(name, asked, attack, share)
    outcome.show("transfer", model, lambda rows: own.z[rows], 1.0)
    return [crosschecks.undefended(int(own.survived.sum()), int(own.right.sum()), int(outcome.survived.sum()))]


def _checks(outcome: Outcome, model: Model, x: Tensor, threat: Threat) -> list[Finding]:
    """The lines about the attacks."""
    if not sanity.differentiable(model, x[:1]):
        return list(crosschecks.converged(outcome))
    with outcome.stage("checks"):
        lines = [*crosschecks.stronger(outcome, model, x, outcome.y, threat)]
        lines.append(crosschecks.wide(outcome, model, x, outcome.y, threat))
    return [*lines, *crosschecks.converged(outcome)]


def _certified(model: Model, x: Tensor, y: Tensor, threat: Threat, by: By) -> tuple[Tensor | None, str]:
    """Who is certified, or None and why nothing is known."""
    try:
        return certified(model, x, y, threat, by=by), ""
    except ValueError as error:
        return None, str(error).partition(";")[0].partition(":")[0]


@contextmanager
def _kept(model: Model) -> Steps[None]:
    """The model's buffers put back as they were."""
    buffers = [b for network in networks(model) for b in network.buffers()]
    before = [b.clone() for b in buffers]
    try:
        yield
    finally:
        with torch.no_grad():
            for b, was in zip(buffers, before):
                b.copy_(was)
