"""What an evaluation found, drawn: the parts of a bar are the shares, and they are told apart without colour."""

from dataclasses import replace

import pytest
import torch

from advcourse import Linf, draw
from advcourse.draw import evaluation
from advcourse.measure import Finding, Report, Stage


def reported(certified=2, survived=5, right=8, n=10, sound=True):
    """The first so many of n samples are certified, the first so many survive, the first so many are right."""
    first = [torch.arange(n) < count for count in (right, survived, certified)]
    stages = (Stage("questions", 0, 0, 9, 9, 0.1), Stage("one step", right, right - survived, 8, 8, 0.1))
    taken_by = torch.where(first[0] & ~first[1], 1, -1)
    lines = (Finding("logits", sound, "they are", "drop the softmax"),)
    return Report(Linf(0.1), *first[:2], taken_by, torch.zeros(n, 1), first[2], "", stages, lines, 0.3)


def widths(ax):
    return [bar.get_width() for bar in ax.patches]


def test_a_row_has_the_four_shares_and_the_interval():
    report = reported()
    assert evaluation.parts(report) == pytest.approx((0.2, 0.3, 0.3, 0.2))
    _, (ax,) = draw.board()
    assert evaluation.between_bounds(ax, {"a": report, "b": reported(0, 1, 9)}) is ax
    assert widths(ax) == pytest.approx([0.2, 0.3, 0.3, 0.2, 0, 0.1, 0.8, 0.1])
    segments = [c.get_segments()[0] for c in ax.collections]
    assert segments[0][:, 0].tolist() == pytest.approx(list(report.interval))
    looks = {(patch.get_facecolor(), patch.get_hatch()) for patch in ax.patches}
    assert len(looks) == 4 and len({hatch for _, hatch in looks}) >= 3


def test_a_report_with_an_alarm_has_a_mark_and_one_without_a_bound_no_green():
    reports = {"sound": reported(), "broken": reported(sound=False), "unknown": replace(reported(), bound=None)}
    _, (ax,) = draw.board()
    evaluation.between_bounds(ax, reports)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["sound", "broken (!)", "unknown"]
    assert evaluation.parts(reports["unknown"])[0] == 0


def test_attacks_have_a_row_each_and_say_how_many_they_took():
    _, (ax,) = draw.board()
    evaluation.taken(ax, reported())
    assert [text.get_text().strip() for text in ax.texts] == ["3 of 8"] and widths(ax) == [8, 3]


def test_a_report_prints_alarms_in_full_and_the_rest_by_name():
    sound, broken = str(reported()), str(reported(sound=False))
    assert "as it should be: logits" in sound and "drop the softmax" not in sound
    assert "ALARM logits" in broken and "they are: drop the softmax" in broken
    assert repr(reported()) == sound and "0.500  [0.237, 0.763]" in sound


def test_a_notebook_shows_the_bar_with_words_for_who_cannot_see_it():
    page = reported()._repr_html_()
    assert 'aria-label="certified 20.0%, not known 30.0%, fooled 30.0%, wrong when clean 20.0%"' in page
    assert page.count("width:") == 5 and "Linf(eps=0.1" in page
