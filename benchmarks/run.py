"""`make bench`: what our attacks cost against a bare loop that does nothing but attack, and against other libraries.

Method. Contestants take turns, A B C A B C ..., on the same real digits with the same small trained network, in one
process with one thread, after a warm-up. What counts is the ratio to the first contestant *in the same round*; printed
are the median over the rounds and, in brackets, the quartiles. On the CPU the clock is the processor's time for this
process. So a busy machine widens the brackets and hardly moves the median. Settings are equal: for PGD `paces` tells
them, for DeepFool and DDN `smallest`, for Square and HopSkipJump `black_box`. Beside speed stands strength, on the same
digits: the mean cross entropy and the accuracy that the attack leaves, or the median distance.

Training is raced the same way, an epoch of each kind against a standard one; what several processes bring is measured
by the clock on the wall, so it needs as many idle cores.

The targets are printed with their verdicts; only with `--check` does a missed one make the exit status 1.
"""

import argparse
import importlib
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import black_box
import contestants
import evaluation
import paces
import robust_training
import smallest
import torch
from contestants import EPS, PACE
from timing import Rounds, cpu_clock, gpu_clock, interleave, machine, ratio, table
from torch import Tensor, nn
from torch.nn import functional as F

import advcourse
from advcourse import certify, checkpoints, data, measure
from advcourse.certify import intervals, relaxation
from advcourse.certify.bounds import By

RADII = [0.0375 * i for i in range(1, 9)]

Case = tuple[Tensor, Tensor]
Target = tuple[str, bool]


def race_pgd(model: nn.Module, digits: data.Images, batch: int, rounds: int, name: str) -> list[Target]:
    """PGD of everyone at one of the paces; prints the table."""
    race = paces.RACES[name]
    at_most = race.at_most if batch > 1 else race.alone
    everyone, given = contestants.all_of(model, pace=race.pace), cases(digits, batch, rounds)
    torch.manual_seed(0)
    done = interleave(everyone, given, warm_up=2, clock=clock_for(digits.x))
    title = f"{name}, batch {batch}"
    show(title, everyone, done, partial(strength, model, given))
    share = {name: ratio(done["advcourse"].seconds, other.seconds).median for name, other in done.items()}
    ahead = {name: share[name] < 1 for name in contestants.PEERS if name in done}
    left = {name: accuracy_left(model, given, one.results) for name, one in done.items()}
    floor, lowest = share["bare loop"], min(left.values())
    behind = ", ".join(f"{peer} ({share[peer]:.3f})" for peer, met in ahead.items() if not met)
    return [
        (f"{title}: {floor:.3f} of the bare loop, at most {at_most}", floor <= at_most),
        (f"{title}: ahead of all {len(ahead)} peers here" + (f"; behind {behind}" if behind else ""), not behind),
        (f"{title}: accuracy left within .01 of the lowest, {lowest:.3f}", left["advcourse"] <= lowest + 0.01),
    ]


def race_looking(model: nn.Module, digits: data.Images, batch: int, rounds: int) -> list[Target]:
    """What it takes to look for circles where nobody walks in one; prints the tables."""
    given, targets = cases(digits, batch, rounds), []
    for norm, (threat, pace) in paces.NO_CIRCLES.items():
        both = paces.looking(model, threat, pace)
        done = interleave(both, given, warm_up=2, clock=clock_for(digits.x))
        title = f"no circles in {norm}, batch {batch}"
        show(title, both, done, partial(strength, model, given))
        share = ratio(done["looking"].seconds, done["without looking"].seconds).median
        targets.append((f"{title}: {share:.3f} of PGD without looking, at most 1.03", share <= 1.03))
    return targets


def race_ours(model: nn.Module, digits: data.Images, batch: int, rounds: int, warm_up: int = 2) -> None:
    """Each attack of the tests' table that knows the ball, against the bare loop of its steps; prints the tables."""
    given = cases(digits, batch, rounds)
    for name, row in attacks_in_the_ball().items():
        pace = asdict(PACE) if row.iterates else {}
        steps, step_size = (
            (PACE.steps * row.restarts, PACE.step_size) if row.iterates else (row.steps * row.restarts, EPS)
        )

        def attack(x: Tensor, y: Tensor, run: Callable = row.run, pace: dict = pace) -> Tensor:
            return run(model, x, advcourse.Untargeted(y), advcourse.Linf(EPS), **pace)

        both = {f"bare loop of {steps}": partial(walk, model, steps=steps, step_size=step_size), name: attack}
        done = interleave(both, given, warm_up=warm_up, clock=clock_for(digits.x))
        show(f"{name}, batch {batch}", both, done, partial(strength, model, given))


def walk(model: nn.Module, x: Tensor, y: Tensor, *, steps: int, step_size: float) -> Tensor:
    """The bare loop from the clean image."""
    return contestants.bare_loop(model, x, y, x, eps=EPS, step_size=step_size, steps=steps)


def attacks_in_the_ball() -> dict:
    """The rows of the tests' table of attacks that know the ball of l_inf: a new attack is raced once it has a row."""
    sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
    table = importlib.import_module("attack_table").ATTACKS
    return {name: row for name, row in table.items() if advcourse.Linf in map(type, row.threats)}


def race_curve(model: nn.Module, digits: data.Images, rounds: int) -> list[Target]:
    """A robustness curve over 8 radii, where survivors of one meet the next, against 8 attacks on everyone."""
    x, y = digits.x[:500], digits.y[:500]
    attack = partial(advcourse.pgd, **asdict(PACE))
    threats = [advcourse.Linf(eps) for eps in RADII]

    def eight() -> list[float]:
        goal = advcourse.Untargeted(y)
        return [measure.accuracy(model, attack(model, x, goal, threat), y) for threat in threats]

    def curve() -> list[float]:
        return measure.robustness_curve(model, x, y, attack, threats).accuracy

    both = {"8 full attacks": eight, "robustness_curve": curve}
    torch.manual_seed(0)
    done = interleave(both, [()] * rounds, warm_up=0, clock=clock_for(x))
    show("8 radii, 500 digits", both, done)
    accuracies = {name: [statistics.mean(column) for column in zip(*done[name].results)] for name in both}
    rows = {name: [f"{share:.3f}" for share in shares] for name, shares in accuracies.items()}
    print(table("accuracy left", [f"{eps:.4g}" for eps in RADII], rows), end="\n\n")
    share = ratio(done["robustness_curve"].seconds, done["8 full attacks"].seconds).median
    apart = max(abs(a - b) for a, b in zip(*accuracies.values()))
    return [
        (f"curve: {share:.3f} of 8 full attacks, at most 0.5", share <= 0.5),
        (f"curve: accuracies {apart:.3f} apart, at most .01 (random starts differ)", apart <= 0.01),
    ]


def race_smallest(model: nn.Module, digits: data.Images, batch: int, rounds: int) -> list[Target]:
    """DeepFool and DDN of everyone, in l_2: the time and the median distance; prints the tables."""
    given, targets = cases(digits, batch, rounds), []
    distance = partial(median_distance, model, given)
    for title, makers in smallest.RACES.items():
        everyone = contestants.present(model, makers)
        done = interleave(everyone, given, clock=clock_for(digits.x))
        show(f"{title}, batch {batch}", everyone, done, lambda found: [f"{distance(found):.4f}"], ["median distance"])
        mine, peers = done.pop("advcourse"), done
        share = {name: ratio(mine.seconds, one.seconds).median for name, one in peers.items()}
        nearest = min((distance(one.results) for one in peers.values()), default=math.inf)
        slowest = max(share.values(), default=0.0)
        targets += [
            (f"{title}, batch {batch}: {slowest:.3f} of the fastest of {len(share)} peers, at most 1.0", slowest <= 1),
            (f"{title}, batch {batch}: as near as the nearest peer, {nearest:.4f}", distance(mine.results) <= nearest),
        ]
    return targets


def race_evaluation(digits: data.Images, networks: Sequence[str]) -> list[Target]:
    """Robust accuracy on robust networks by `measure.evaluate`, PGD with restarts and AutoAttack; prints the tables."""
    targets = []
    for name in networks:
        model, eps = checkpoints.load(name), evaluation.NETWORKS[name]
        makers = {who: partial(make, eps=eps) for who, make in evaluation.EVERYONE.items()}
        everyone = contestants.present(model, makers)
        done = interleave(everyone, [(digits.x, digits.y)], warm_up=0, clock=clock_for(digits.x))
        robust = {who: one.results[0].double().mean().item() for who, one in done.items()}
        title = f"{name}, eps {eps:g}, {len(digits)} digits"
        show(title, everyone, done, lambda found: [f"{found[0].double().mean().item():.3f}"], ["robust"])
        for who, most in [(who, most) for who, most in evaluation.AT_MOST.items() if who in done]:
            share = done["advcourse"].seconds[0] / done[who].seconds[0]
            apart = robust["advcourse"] - robust[who]
            targets += [
                (f"{title}: {share:.3f} of the time of {who}, at most {most}", share <= most),
                (f"{title}: {apart:+.3f} from {who}, at most +.005", apart <= 0.005 + 1e-9),
            ]
    return targets


def race_certifying(digits: data.Images, rounds: int) -> None:
    """What proofs cost against the bare loop of an attack, on 128 digits, and whom they certify; prints the tables."""
    for name, eps in (("digits_certified_1", 0.1), ("digits_robust_1", 0.03)):
        model, threat = checkpoints.load(name), advcourse.Linf(eps)
        loop = partial(contestants.bare_loop, model, eps=eps, step_size=eps / 10, steps=PACE.steps)
        ways = {way.__name__: partial(_proven, model, threat=threat, by=way) for way in (intervals, relaxation)}
        everyone = {f"bare loop of {PACE.steps}": partial(_left, model, loop)}
        done = interleave(everyone | ways, cases(digits, 128, rounds), clock=clock_for(digits.x))
        title = f"{name}, eps {eps:g}, batch 128"
        show(title, everyone | ways, done, lambda found: [f"{torch.cat(found).double().mean():.3f}"], ["right"])


def _left(model: nn.Module, loop: Callable[[Tensor, Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    return measure.logits(model, loop(x, y, x)).argmax(1) == y


def _proven(model: nn.Module, x: Tensor, y: Tensor, *, threat: advcourse.Linf, by: By) -> Tensor:
    return certify.certified(model, x, y, threat, by=by)


def race_black_box(model: nn.Module, digits: data.Images, batch: int, rounds: int) -> list[Target]:
    """Square and HopSkipJump of everyone within a budget of queries: the time and the strength; prints the tables."""
    given, targets = cases(digits, batch, rounds), []
    torch.manual_seed(0)
    everyone = contestants.present(model, black_box.SQUARE)
    done = interleave(everyone, given, clock=clock_for(digits.x))
    show(f"Square, {black_box.SQUARE_QUERIES} queries", everyone, done, partial(strength, model, given))
    mine, peer = done["advcourse"], done.get("torchattacks")
    if peer:
        left, theirs = (accuracy_left(model, given, one.results) for one in (mine, peer))
        share = ratio(mine.seconds, peer.seconds).median
        targets += [
            (f"Square: {share:.3f} of torchattacks' time, at most 1.0", share <= 1),
            (f"Square: accuracy left {left:.3f}, at most torchattacks' {theirs:.3f} - .05", left <= theirs - 0.05),
        ]

    distance = partial(median_distance, model, given)
    everyone = contestants.present(model, black_box.JUMP)
    done = interleave(everyone, given, clock=clock_for(digits.x))
    title = f"HopSkipJump, {black_box.JUMP_QUERIES} queries"
    show(title, everyone, done, lambda found: [f"{distance(found):.4f}"], ["median distance"])
    share = ratio(done["advcourse"].seconds, done["bare forwards"].seconds).median
    targets.append((f"HopSkipJump: {share:.3f} of the bare forwards, at most 1.5", share <= 1.5))
    if "foolbox" in done:
        mine, theirs = distance(done["advcourse"].results), distance(done["foolbox"].results)
        targets.append((f"HopSkipJump: median l_2 {mine:.3f}, at most Foolbox's {theirs:.3f}", mine <= theirs))
    return targets


def race_training(rounds: int) -> None:
    """An epoch of each kind of training on 1,280 digits, and how many images a second several processes train on."""
    kinds = robust_training.epochs(data.digits()[0][:1280])
    show("an epoch", kinds, interleave(kinds, [()] * rounds))
    most = torch.cuda.device_count() or max(robust_training.PROCESSES)  # of several GPUs each process has its own
    processes = [n for n in robust_training.PROCESSES if n <= most]
    rates = {n: robust_training.images_a_second(n, seconds=8.0 * rounds) for n in processes}
    rows = {str(n): [f"{rate:.0f}", f"{rate / rates[1]:.2f}"] for n, rate in rates.items()}
    print(table("processes, Madry's training", ["images a second", "ratio"], rows), end="\n\n")


def race_import(rounds: int) -> list[Target]:
    """`import advcourse` against `import torch`, each timed inside a fresh interpreter; prints the table."""

    def fresh(module: str) -> float:
        code = f"from time import process_time as now; start = now(); import {module}; print(now() - start)"
        return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)

    both = {"import torch": partial(fresh, "torch"), "import advcourse": partial(fresh, "advcourse")}
    done = {name: Rounds(one.results, []) for name, one in interleave(both, [()] * rounds).items()}
    show("fresh interpreter", both, done)
    share = ratio(done["import advcourse"].seconds, done["import torch"].seconds).median
    return [(f"import: {share:.3f} of torch's, at most 1.15", share <= 1.15)]


def cases(digits: data.Images, batch: int, rounds: int) -> list[Case]:
    """The digits of each round: another batch every time, from the start again after the last whole one."""
    starts = [(r % (len(digits) // batch)) * batch for r in range(rounds)]
    return [(digits.x[i : i + batch], digits.y[i : i + batch]) for i in starts]


def clock_for(x: Tensor) -> Callable[[], float]:
    """The clock that sees work done where x is."""
    return gpu_clock if x.is_cuda else cpu_clock


def strength(model: nn.Module, given: Sequence[Case], results: Sequence[Tensor]) -> list[str]:
    """Mean cross entropy and accuracy that the results leave, as cells of the table."""
    y = torch.cat([y for _, y in given])
    loss = F.cross_entropy(measure.logits(model, torch.cat(list(results))), y).item()
    return [f"{loss:.3f}", f"{accuracy_left(model, given, results):.3f}"]


def accuracy_left(model: nn.Module, given: Sequence[Case], results: Sequence[Tensor]) -> float:
    """Share of all attacked digits that the model still reads as what they are."""
    return measure.accuracy(model, torch.cat(list(results)), torch.cat([y for _, y in given]))


def median_distance(model: nn.Module, given: Sequence[Case], results: Sequence[Tensor]) -> float:
    """The median |z - x|_2 over all attacked digits, infinity for one that is still read as what it is."""
    x, y = (torch.cat(part) for part in zip(*given))
    goal = advcourse.Untargeted(y)
    return measure.distances(model, x, torch.cat(list(results)), goal, advcourse.L2).median().item()


def show(
    title: str,
    everyone: dict,
    done: dict[str, Rounds],
    more: Callable[[list], list[str]] | None = None,
    says: Sequence[str] = ("loss left", "accuracy left"),
) -> None:
    """One table: median milliseconds, ratio to the first contestant and what `more` says about the results."""
    first = next(iter(done.values())).seconds

    def cells(one: Rounds) -> list[str]:
        speed = [f"{1e3 * statistics.median(one.seconds):.1f}", str(ratio(one.seconds, first))]
        return speed + (more(one.results) if more else [])

    columns = ["ms", "ratio  [quartiles]", *(says if more else [])]
    rows = {name: cells(done[name]) if name in done else None for name in everyone}
    print(table(title, columns, rows), end="\n\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every table, then the targets; 1 only where --check is asked for and a target is missed."""
    parser = argparse.ArgumentParser(description="time the attacks against a bare loop and other libraries")
    parser.add_argument("--quick", action="store_true", help="a few rounds: under a minute, and less sure")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    wanted = parser.parse_args(arguments)
    many, some, few, once = (20, 4, 3, 1) if wanted.quick else (200, 21, 7, 2)
    torch.set_num_threads(1)
    print(machine(), end="\n\n")
    model, (_, digits) = checkpoints.load("digits_cnn"), data.digits()
    targets = []
    for name in paces.RACES:
        targets += race_pgd(model, digits, 128, some, name) + race_pgd(model, digits, 1, many, name)
    targets += race_looking(model, digits, 128, some) + race_looking(model, digits, 1, many)
    race_ours(model, digits, 128, few)
    race_certifying(digits, few)
    race_training(few)
    targets += race_smallest(model, digits, 128, once + 1) + race_smallest(model, digits, 1, many // 5)
    some_digits, networks = (digits[:20], 1) if wanted.quick else (digits[:200], None)
    targets += race_evaluation(some_digits, list(evaluation.NETWORKS)[:networks])
    targets += race_black_box(model, digits, 128, once + 1)
    targets += race_curve(model, digits, once) + race_import(few)
    if torch.cuda.is_available():
        print(f"GPU: {torch.cuda.get_device_name()}", end="\n\n")
        for batch in (128, 1):
            race_pgd(model.to("cuda"), digits.to("cuda"), batch, some, "PGD-40, steps of eps/4")
            race_pgd(model.to("cuda"), digits.to("cuda"), batch, some, "PGD-40")
    else:
        print("GPU: none here", end="\n\n")
    for line, met in targets:
        print("met   " if met else "MISSED", line)
    return int(wanted.check and not all(met for _, met in targets))


if __name__ == "__main__":
    sys.exit(main())
