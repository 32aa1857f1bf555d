"""The sandwich of robust accuracy: a share at least certified, at most attacked, and never the other way round."""

import numpy as np
import pytest
import torch

from advcourse import draw
from advcourse.draw.sandwich import sandwich, share_beyond

LOWER, UPPER = torch.tensor([0.0, 0.05, 0.1, 0.2]), torch.tensor([0.0, 0.1, 0.25, torch.inf])


def test_the_lines_are_the_shares_that_no_radius_has_reached():
    eps = np.array([0.0, 0.05, 0.099, 0.1, 0.3])
    assert share_beyond(LOWER, eps).tolist() == [0.75, 0.5, 0.5, 0.25, 0.0]
    assert share_beyond(UPPER, eps).tolist() == [0.75, 0.75, 0.75, 0.5, 0.25]


def test_a_figure_has_both_bounds_in_grey_levels_and_names_what_lies_between():
    _, (ax,) = draw.board()
    sandwich(ax, LOWER, UPPER, widest=0.3, title="a network")
    least, most = (line.get_ydata() for line in ax.lines)
    assert (least <= most).all() and (least[0], most[-1]) == (0.75, 0.25)
    assert ax.lines[0].get_xdata()[-1] == pytest.approx(0.3 * 255)
    assert [area.get_label() for area in ax.collections] == ["certified", "open", "fooled"]


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [(LOWER, UPPER / 10, "sample 1 is certified up to 0.05 and was fooled by 0.01"), (LOWER, UPPER[:2], "4 and 2")],
    ids=["crossed", "lengths"],
)
def test_what_cannot_be_is_refused(lower, upper, message):
    _, (ax,) = draw.board()
    with pytest.raises(ValueError, match=message):
        sandwich(ax, lower, upper, widest=0.3)
