"""A right answer that builds on a wrong one is told which; what is right, or the library's, is not blamed."""

import pytest

from advcourse.checks import judge

WALK = """
import torch
import torch.nn.functional as F
def iterative_fgsm(model, x, y, eps, steps, step_size):
    z = x.clone()
    for _ in range(steps):
        z = z.detach().requires_grad_()
        (g,) = torch.autograd.grad(F.cross_entropy(model(z), y, reduction="sum"), z)
        z = {put_back}
    return z.detach()
"""
CALL = WALK.format(put_back="project(z.detach() + step_size * g.sign(), x, eps)")
INSIDE = WALK.format(put_back="(lambda z: project(z, x, eps))(z.detach() + step_size * g.sign())")
RIGHT = "def project(z, x, eps):\n    return z.clamp(x - eps, x + eps).clamp(0, 1)\n"
BALL_ONLY = "def project(z, x, eps):\n    return z.clamp(x - eps, x + eps)\n"


def notebook(*cells):
    """The names that a notebook of these cells has."""
    names = {"__name__": "__main__"}
    for cell in cells:
        exec(cell, names)
    return names


@pytest.mark.parametrize("walk", [CALL, INSIDE])
def test_a_wrong_projection_makes_a_right_walk_fail_and_is_named(walk):
    names = notebook(BALL_ONLY, walk)
    verdict = judge("iterative_fgsm", names["iterative_fgsm"])
    assert (verdict.status, verdict.diagnosis) == ("failed", "earlier-answer")
    assert "It calls project" in verdict.message and judge("project", names["project"]).diagnosis in verdict.message
    assert judge("iterative_fgsm", notebook(RIGHT, walk)["iterative_fgsm"]).status == "passed"


def test_a_wrong_walk_with_a_right_projection_is_told_what_it_does_wrong():
    wrong = CALL.replace("+ step_size", "- step_size")
    assert judge("iterative_fgsm", notebook(RIGHT, wrong)["iterative_fgsm"]).diagnosis == "minus-sign"


def test_a_gap_further_up_is_a_gap():
    names = notebook("def project(z, x, eps):\n    nearest = ...\n    return nearest\n", CALL)
    assert judge("iterative_fgsm", names["iterative_fgsm"]).status == "not attempted"


def test_what_is_not_called_or_comes_later_or_is_the_librarys_is_not_blamed():
    later = "def fgsm(model, x, y, eps):\n    iterative_fgsm\n    return x\n"
    for cells in (
        (BALL_ONLY, WALK.format(put_back="z.detach()")),
        ("from advcourse import fgsm as project", CALL),
        ("def iterative_fgsm(*args):\n    return fgsm(*args)\n", later),
    ):
        name = "fgsm" if cells[-1] is later else "iterative_fgsm"
        assert judge(name, notebook(*cells)[name]).diagnosis != "earlier-answer"
