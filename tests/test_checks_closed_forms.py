"""The gradients that checks compare with are those of the models, and no sign of them hangs on rounding."""

import pytest
import torch
import torch.nn.functional as F

from advcourse.checks import closed_forms
from advcourse.checks.closed_forms import ELSEWHERE, bowls, gradient, logits
from advcourse.checks.gradient_attacks.iterative_fgsm import cases, walk

BATCHES = {b.__name__: b for b in (closed_forms.image_planes, closed_forms.edge_planes, bowls, *ELSEWHERE.values())}


@pytest.mark.parametrize("name", BATCHES)
def test_closed_forms_agree_with_finite_differences(name):
    model, x, y = BATCHES[name]()
    g, model, h = gradient(model, x, y), model.eval().double(), 1e-5
    for d in range(0, x[0].numel(), 5):
        step = torch.zeros(x[0].numel(), dtype=torch.float64)
        step[d] = h
        ends = [x.double() + s * step.view(x[0].shape) for s in (1, -1)]
        with torch.no_grad():
            up, down = (F.cross_entropy(model(z), y, reduction="none") for z in ends)
        assert torch.allclose((up - down) / (2 * h), g.flatten(1)[:, d].double(), atol=1e-5)


@pytest.mark.parametrize("name", [*BATCHES, "flat_planes"])
def test_no_sign_hangs_on_rounding(name):
    model, x, y = getattr(closed_forms, name)()
    for labels in (y, logits(model, x).argmin(1)):
        g = gradient(model, x, labels).abs()
        assert g[g > 0].min() > 1e-5 * max(1, g.max())


def test_no_sign_hangs_on_rounding_along_the_paths():
    with_path = next(case for case in cases() if case.otherwise == "wrong-path")
    for model, x, y, eps, steps, step_size in (with_path.args, *with_path.also):
        for n in range(steps):
            z = walk()(model, x, y, eps, n, step_size)
            assert gradient(model, z, y).abs().min() > 1e-5
