"""The leak explorer without a browser: what it shows is what attacks and networks say."""

import pytest
import torch
from torch import nn
from traitlets import TraitError

from advcourse import Linf, Untargeted, data, fgsm, iterative_fgsm, measure, models, predicted
from advcourse.widgets import LeakExplorer, Trained, leak, leak_explorer
from advcourse.widgets.leak import STRIDE, WIDEST
from advcourse.widgets.leak_explorer import SHOWN


class Reader(nn.Module):
    """It reads the step that an attack made, and not the image: wrong when clean, right when given the other label.

    Two classes; the first pixel stands for the image, the second for what the attack wrote.
    """

    def forward(self, x):
        flat = x.flatten(1)
        written = 60 * (flat[:, 1:2] - 0.5) - 6 * (flat[:, :1] - 0.5)
        return torch.cat([written, -written], 1)


@pytest.fixture(scope="module")
def net() -> Trained:
    torch.manual_seed(0)
    return Trained("untrained", models.cnn(width=4).eval(), data.digits()[1][:24])


@pytest.fixture(scope="module")
def explorer(net) -> LeakExplorer:
    return LeakExplorer([net])


@pytest.mark.parametrize("eps", [STRIDE, 48, WIDEST])
@pytest.mark.parametrize(
    ("attack", "make"),
    [
        ("FGSM, true labels", lambda m, x, y, t: fgsm(m, x, Untargeted(y), t)),
        ("FGSM, predicted labels", lambda m, x, y, t: fgsm(m, x, Untargeted(predicted(m, x)), t)),
        (
            "ten steps, true labels",
            lambda m, x, y, t: iterative_fgsm(m, x, Untargeted(y), t, steps=10, step_size=t.eps / 4),
        ),
    ],
)
def test_accuracies_are_what_the_attack_leaves(explorer, net, attack, make, eps):
    x, y = net.images.x, net.images.y
    explorer.attack, explorer.eps = attack, eps
    z = make(net.model, x, y, Linf(eps / 255))
    clean, attacked = (measure.logits(net.model, at).argmax(1) == y for at in (x, z))
    now = explorer.compute()
    assert torch.equal(now.effect.clean, clean) and torch.equal(now.effect.attacked, attacked)
    leaked, fooled = int((~clean & attacked).sum()), int((clean & ~attacked).sum())
    assert f"{leaked} leaked, {fooled} fooled of 24" in now.line
    assert f"clean {clean.double().mean():.1%} · under attack {attacked.double().mean():.1%}" in now.line


def test_no_attack_changes_nothing(explorer):
    explorer.eps = 0
    now = explorer.compute()
    assert torch.equal(now.x, now.z) and now.before == now.after and not len(now.effect.leaked)
    assert now.caption.startswith("no leaked example")


def test_leaked_examples_are_shown_with_both_answers():
    """Given label 0, an attack lowers the second pixel; this network then says 1, and given label 1 it says 0."""
    x = torch.full((10, 1, 2, 2), 0.5)
    x[:, 0, 0, 0] = 0.6
    reader = Trained("reader", Reader(), data.Images(x, torch.ones(10).long(), ("a", "b")))
    y = measure.logits(reader.model, x).argmax(1)
    assert set(y.tolist()) == {1}, "the first pixel decides while the second is neutral"
    wrong = Trained("reader", Reader(), data.Images(x, 1 - y, ("a", "b")))
    now = LeakExplorer([wrong], eps=16.0).compute()
    assert not len(now.effect.leaked) and not now.effect.clean.any(), (
        "climbing the loss of a wrong label keeps it wrong"
    )
    guessed = LeakExplorer([wrong], attack="FGSM, predicted labels", eps=48.0).compute()
    assert (
        len(guessed.effect.leaked) == 10
        and guessed.caption == f"{SHOWN} of 10 leaked examples, above clean, below attacked"
    )
    assert guessed.y == [0] * SHOWN and guessed.before == [1] * SHOWN and guessed.after == [0] * SHOWN
    assert "shown: labels 0 0 0 0 0 0, answers clean 1 1 1 1 1 1, attacked 0 0 0 0 0 0" in guessed.line


def test_the_sheet_holds_the_shown_images(explorer):
    explorer.attack, explorer.eps = "FGSM, true labels", 48
    now = explorer.compute()
    sheet = now.sheet()
    assert sheet.shape == (1, 1, 60, 30 * len(now.y))
    assert torch.equal(sheet[0, 0, 1:29, 1:29], now.x[0, 0]) and torch.equal(sheet[0, 0, 31:59, 31:59], now.z[1, 0])


def test_the_mark_walks_over_the_curves(explorer):
    marks, pictures = [], set()
    for eps in (0, 56, WIDEST):
        explorer.eps = eps
        marks.append(explorer.scene["figures"][1]["mark"])
        pictures.add(explorer.scene["figures"][1]["png"])
    assert 0.05 < marks[0] < marks[1] < marks[2] < 1 and marks[1] == pytest.approx((marks[0] + marks[2]) / 2)
    assert len(pictures) == 1, "drawn once"


@pytest.mark.parametrize("eps", [-8, 4, WIDEST + STRIDE, float("nan")])
def test_eps_is_one_of_those_computed(explorer, eps):
    with pytest.raises(TraitError, match=r"one of the precomputed grey levels, 0, 8, \.\.\. 112"):
        explorer.eps = eps


def test_a_saved_notebook_holds_a_picture_and_a_line_that_never_changes(net):
    first, other = LeakExplorer([net]), LeakExplorer([net], eps=104)
    bundle, metadata = first._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG") and len(metadata["image/png"]["alt"].split()) > 10
    assert bundle["text/plain"] == other._repr_mimebundle_()[0]["text/plain"]
    assert repr(first).endswith("run this notebook to move its controls")


def test_a_network_is_attacked_when_it_is_first_chosen_and_once(net, monkeypatch):
    asked = []
    monkeypatch.setattr(leak_explorer, "effects", lambda network: asked.append(network.name) or leak.effects(network))
    other = Trained("other", net.model, net.images)
    explorer = LeakExplorer([net, other])
    assert asked == ["untrained"]
    for name in ("other", "untrained", "other"):
        explorer.chosen = name
    assert asked == ["untrained", "other"]


def test_the_mark_keeps_to_the_axes(explorer):
    """What is written under them, the numbers and the legend, is not crossed."""
    shown = explorer.scene["figures"][1]
    ((top, height),) = shown["spans"]
    assert 0 < top < 0.2 and 0.4 < height < 1 - top - 0.2
