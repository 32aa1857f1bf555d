"""Figures of texture against shape show the numbers they are given."""

import matplotlib.colors
import pytest
import torch

from advcourse import conflict, draw
from advcourse.draw import cues


def axes():
    return draw.board(1, 1)[1][0]


def test_answers_are_coloured_by_the_cue_they_name():
    ax = cues.answers(axes(), torch.tensor([0.1, 0.5, 0.3, 0.1]), ["a", "b", "c", "d"], shape={"c"}, texture={"b"})
    bars = ax.patches
    assert [bar.get_width() for bar in bars] == pytest.approx([0.5, 0.3, 0.1])
    colours = [matplotlib.colors.to_hex(bar.get_facecolor()).upper() for bar in bars]
    assert colours == [draw.RED, draw.BLUE, "#BBBBBB"] and [bar.get_hatch() or "" for bar in bars] == ["///", "", ""]
    assert [text.get_text() for text in ax.texts][:2] == ["b 50%", "c 30%"]
    for bar, text in zip(bars, ax.texts, strict=True):
        bar, text = bar.get_window_extent(), text.get_window_extent()
        assert text.y0 >= bar.y1 - 1 and text.x1 <= ax.get_window_extent().x1, "above its bar, and on the Axes"


def test_observers_are_ordered_by_their_bias_with_their_intervals():
    seen = conflict.observers()
    ax = cues.observers(axes(), seen, conflict.humans_range())
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert len(labels) == 17 and labels[0] == "VGG-16" and labels[-1] == "humans (10 pooled)"
    drawn = {}
    for container in ax.containers:
        points, _, (bars,) = container
        for x, y, ((low, _), (high, _)) in zip(*points.get_data(), bars.get_segments()):
            drawn[labels[int(y)]] = (x, low, high)
    for one in seen:
        x, low, high = drawn[one.name.removesuffix(" (measured for this course)")]
        assert (x, low, high) == pytest.approx((one.found.bias, *one.found.interval))


def test_every_network_is_shown_and_their_mean():
    ax = cues.each(axes(), {"five": {0.25: [0.8, 1.0], 1.0: [0.1, 0.3]}}, xlabel="agreement", ylabel="shape bias")
    dots = [line for line in ax.lines if line.get_linestyle() == "None"]
    assert [list(line.get_ydata()) for line in dots] == [[0.8, 1.0], [0.1, 0.3]]
    (mean,) = [line for line in ax.lines if line.get_label() == "five"]
    assert list(mean.get_xdata()) == [0.25, 1.0] and list(mean.get_ydata()) == pytest.approx([0.9, 0.2])
