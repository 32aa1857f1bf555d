"""Figures of networks with dice show the numbers they were given, and name them."""

import torch

from advcourse import draw
from advcourse.draw.noise import doubt_map, doubts, shares


def test_a_map_of_doubt_has_its_scale_and_starts_at_zero():
    _, (ax,) = draw.board()
    doubt_map(ax, torch.tensor([[0.5, 1.0], [0.7, 0.6]]), "deviations")
    (shown,) = ax.get_images()
    assert shown.get_array().tolist()[0] == [0.5, 1.0] and shown.get_clim() == (0, 1)
    assert len(ax.get_figure().axes) == 2 and ax.get_title() == "deviations"


def test_shares_are_evenly_spaced_over_what_they_are_of():
    _, (ax,) = draw.board()
    shares(ax, (1, 4, 16), {"one": (0.9, 0.5, 0.2), "all": [0.1, 0.2, 0.3]}, "draws", "accuracy")
    assert [
        line.get_ydata().tolist() if hasattr(line.get_ydata(), "tolist") else list(line.get_ydata())
        for line in ax.lines
    ] == [
        [0.9, 0.5, 0.2],
        [0.1, 0.2, 0.3],
    ]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "4", "16"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("draws", "accuracy")


def test_faces_and_others_are_counted_in_the_same_bins():
    _, (ax,) = draw.board()
    doubts(ax, torch.linspace(1, 2, 40), {"amoebas": torch.linspace(2, 3, 20)}, 1.95, "years")
    assert [sum(bar.get_height() for bar in bars) for bars in ax.containers] == [40, 20]
    assert ax.containers[0][0].get_width() == ax.containers[1][0].get_width()
    assert ax.lines[0].get_xdata()[0] == 1.95
