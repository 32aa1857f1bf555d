"""Figures of margins show every sample where it is."""

import numpy as np
import pytest
import torch

from advcourse import draw
from advcourse.draw.margins import beside_the_truth, edges, histogram, still_right


@pytest.fixture
def ax():
    return draw.board()[1][0]


def test_a_line_says_which_share_is_farther_away_than_eps(ax):
    still_right(ax, {"one": torch.tensor([0.0, 0.1, 0.2, torch.inf])}, widest=0.5, unit="l_2")
    across, up = ax.lines[0].get_data()
    at = dict(zip(np.round(across, 3), up))
    assert at[0.1] == 0.5 and at[0.2] == 0.25 and at[0.5] == 0.25 and up[0] == 0.75
    assert ax.get_legend().get_texts()[0].get_text() == "one" and "l_2" in ax.get_xlabel()


def test_more_lines_than_styles_are_refused(ax):
    with pytest.raises(ValueError, match="at most 5 lines"):
        still_right(ax, {str(i): torch.ones(2) for i in range(6)}, widest=1.0, unit="l_2")


def test_the_histogram_counts_everybody_also_who_is_far_away(ax):
    distance, first = torch.tensor([0.1, 0.3, torch.inf]), torch.tensor([-5.0, 0.3, 9.0])
    histogram(ax, distance, first, gamma=0.2, widest=0.6)
    heights = [patch.get_height() for patch in ax.patches[:25]]
    assert sum(heights) == 3 and heights[-1] == 1
    assert np.abs(edges(0.5)).min() < 1e-12 and len(edges(0.5)) == 26


def test_beside_the_truth_a_mark_is_where_both_say(ax):
    beside_the_truth(ax, {"a": torch.tensor([0.1, 0.2])}, {"a": torch.tensor([0.15, 3.0])}, widest=0.8)
    assert np.allclose(ax.collections[0].get_offsets(), [[0.1, 0.15], [0.2, 0.8]])
