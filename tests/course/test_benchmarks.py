"""The benchmark compares like with like, and what speed rests on changes no answer. Nothing here is timed."""

import importlib

import pytest
import torch
from attack_table import ATTACKS
from torch.nn import functional as F

from advcourse import Linf, Targeted, Untargeted, data, iterative_fgsm, models, pgd
from advcourse.attacks import gradient
from advcourse.course.notebook import read

EPS, STEP_SIZE, STEPS = 0.1, 0.03, 6


@pytest.fixture
def bench(root, monkeypatch):
    """Imports a file of benchmarks/, where scripts find each other by their plain names."""
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    return importlib.import_module


@pytest.fixture
def world():
    """An untrained network, eight images and their labels."""
    torch.manual_seed(0)
    return models.cnn(width=4).eval(), torch.rand(8, 1, 28, 28), torch.arange(8)


def ticking(*ticks):
    """A clock that shows these times, one after another."""
    return iter(ticks).__next__


# The floor is the same attack -----------------------------------------------------------------------------------------


def test_the_floor_is_the_iterative_attack_without_its_manners(bench, world):
    model, x, y = world
    z = bench("contestants").bare_loop(model, x, y, x, eps=EPS, step_size=STEP_SIZE, steps=STEPS)
    ours = iterative_fgsm(model, x, Untargeted(y), Linf(EPS), steps=STEPS, step_size=STEP_SIZE)
    assert torch.allclose(F.cross_entropy(model(z), y), F.cross_entropy(model(ours), y), rtol=1e-5)
    torch.testing.assert_close(z, ours)


def test_the_floor_stays_in_ball_and_box_and_leaves_its_start_alone(bench, world):
    model, x, y = world
    start = x.clone()
    z = bench("contestants").bare_loop(model, x, y, start, eps=EPS, step_size=1.0, steps=STEPS)
    assert ((z - x).abs() <= EPS + 1e-6).all() and z.min() >= 0 and z.max() <= 1
    assert torch.equal(start, x) and not start.requires_grad


def test_everyone_here_returns_images_of_the_ball(bench, world):
    model, x, y = world
    contestants = bench("contestants")
    some = {"absent": _absent, "ours again": contestants.ours}
    everyone = contestants.all_of(model, some)
    assert list(everyone) == ["bare loop", "advcourse", "absent", "ours again"] and everyone["absent"] is None
    for run in filter(None, everyone.values()):
        assert ((run(x, y) - x).abs() <= contestants.EPS + 1e-6).all()


def test_whoever_looks_for_the_smallest_distortion_fools_the_model_inside_the_box(bench, world):
    model, x, _ = world
    y = model(x).argmax(1)
    for makers in bench("smallest").RACES.values():
        for run in filter(None, bench("contestants").present(model, makers).values()):
            z = run(x, y)
            assert (model(z).argmax(1) != y).all() and z.min() >= 0 and z.max() <= 1 and not z.requires_grad


def test_every_attack_of_the_table_that_knows_the_ball_is_raced(bench, world, capsys):
    from advcourse.data import Images

    model, x, y = world
    bench("run").race_ours(model, Images(x, y, ()), 4, rounds=1, warm_up=0)
    printed = capsys.readouterr().out
    rows = {name: row for name, row in ATTACKS.items() if Linf in map(type, row.threats)}
    assert len(rows) >= 5 and all(f"{name}, batch 4" in printed for name in rows)
    assert "bare loop of 1 " in printed and "bare loop of 120" in printed


def test_whoever_measures_robust_accuracy_says_who_survived(bench, monkeypatch, capsys):
    evaluation, digits = bench("evaluation"), data.digits()[1][:6]
    names = ("advcourse", "PGD-40 x 20")
    ours = {name: evaluation.EVERYONE[name] for name in names}
    peers = {"AutoAttack, torchattacks": ours["PGD-40 x 20"], "AutoAttack": lambda model, eps: _absent(model)}
    monkeypatch.setattr(evaluation, "EVERYONE", {**ours, **peers})
    targets = bench("run").race_evaluation(digits, ["digits_madry_2"])
    printed = capsys.readouterr().out
    assert "digits_madry_2, eps 0.2, 6 digits" in printed and "not installed" in printed
    assert len(targets) == 2 and targets[1][1], "never more than .005 above PGD"


def _absent(model):
    import a_library_that_is_not_installed  # noqa: F401


# Rounds, ratios, tables -----------------------------------------------------------------------------------------------


def test_contestants_take_turns_and_the_warm_up_is_not_counted(bench):
    order = []
    both = {"a": lambda n: order.append(f"a{n}"), "b": lambda n: order.append(f"b{n}") or n, "absent": None}
    done = bench("timing").interleave(both, [(1,), (2,)], warm_up=1, clock=ticking(*range(12)))
    assert order == ["a1", "b1", "a1", "b1", "a2", "b2"]
    assert list(done) == ["a", "b"]
    assert done["b"].seconds == [1, 1] and done["b"].results == [1, 2]


def test_a_ratio_is_taken_round_by_round(bench):
    ratio = bench("timing").ratio([2.0, 30.0, 2.0, 4.0, 2.0], [1.0, 10.0, 2.0, 1.0, 1.0])
    assert (ratio.low, ratio.median, ratio.high) == (2.0, 2.0, 3.0)
    assert bench("timing").ratio([3.0], [2.0]).median == 1.5


def test_the_table_says_who_is_not_installed(bench):
    drawn = bench("timing").table("race", ["ms", "ratio"], {"ours": ["1.5", "1.00"], "a long name": None})
    assert drawn.splitlines() == [
        "race         ms             ratio",
        "ours         1.5            1.00",
        "a long name  not installed",
    ]


def test_a_missing_peer_leaves_a_line_and_no_failure(bench, capsys):
    timing, run = bench("timing"), bench("run")
    done = timing.interleave({"bare loop": lambda: 0, "peer": None}, [()] * 2, clock=ticking(*range(8)))
    run.show("race", {"bare loop": 0, "peer": None}, done)
    assert "peer       not installed" in capsys.readouterr().out


def test_the_digits_of_the_rounds_start_over_after_the_last_whole_batch(bench):
    from advcourse.data import Images

    digits = Images(torch.arange(7.0).view(7, 1), torch.arange(7), ())
    assert [y.tolist() for _, y in bench("run").cases(digits, 3, 3)] == [[0, 1, 2], [3, 4, 5], [0, 1, 2]]


# What speed rests on --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal_of", [Untargeted, Targeted])
@pytest.mark.parametrize("restarts", [1, 3])
def test_the_best_iterate_does_not_depend_on_how_many_are_compared_at_once(world, monkeypatch, goal_of, restarts):
    model, x, y = world

    def found(room):
        monkeypatch.setattr(gradient, "ROOM", room)
        seed = torch.Generator().manual_seed(1)
        settings = {"steps": STEPS, "step_size": STEP_SIZE, "restarts": restarts, "generator": seed}
        return pgd(model, x, goal_of(y), Linf(EPS), **settings)

    at_once = found(2**20)
    assert torch.equal(found(0), at_once) and torch.equal(found(3 * restarts * x.numel()), at_once)


# A class to grade -----------------------------------------------------------------------------------------------------


def test_a_class_has_everybody_from_nothing_solved_to_everything_and_no_two_the_same(bench, root):
    grading, solution = bench("grading"), read(root / "solutions/04_gradient_attacks.ipynb")
    handed_in = [*grading.class_of(solution, 14).values()]
    code = ["\n".join(c.source for c in one.cells if c.cell_type == "code") for one in handed_in]
    assert len(set(code)) == len(code)
    solved = [text.count("### BEGIN SOLUTION") for text in code]
    assert solved == [*range(8), *range(6)]  # there are seven gaps
