"""Figures draw what they are given on the Axes they are given, and say in words what they show."""

import io
import math
import subprocess
import sys

import matplotlib.colors
import numpy as np
import pytest
import torch
from contrast import contrast
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from advcourse import Linf, Unbounded, Untargeted, draw, iterative_fgsm, models
from advcourse.draw.distortion import known
from advcourse.measure import Curve, wilson

NAMES = ("ant", "bee", "cat", "dog")
P = torch.tensor([0.1, 0.55, 0.3, 0.05])
SENTENCE = "Two curves that fall over eps."


def colour(patch):
    return matplotlib.colors.to_hex(patch.get_facecolor()).upper()


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("side", [0, 1])
def test_points_stand_out_from_a_field_however_sure_it_is(side):
    colour, _ = draw.POINTS[side]
    rgb = matplotlib.colors.to_rgb(colour)
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert min(contrast(rgb, draw.SIDES(p)[:3]) for p in (0.0, 0.5, 1.0)) >= 3


# Figures --------------------------------------------------------------------------------------------------------------


def test_a_board_is_a_figure_and_its_axes_in_reading_order():
    fig, axes = draw.board(2, 3, width=6, height=4)
    assert isinstance(fig, Figure) and axes.shape == (6,) and all(isinstance(ax, Axes) for ax in axes)
    assert tuple(fig.get_size_inches()) == (6, 4)
    fig.draw_without_rendering()
    corners = [ax.get_position() for ax in axes]
    assert corners[0].x0 < corners[1].x0 < corners[2].x0 and corners[0].y0 > corners[3].y0
    assert draw.board()[1].shape == (1,)


def test_drawing_never_loads_pyplot_and_never_shows():
    """pyplot keeps every figure alive and picks a window system: no business of a library."""
    program = (
        "import sys, torch; from advcourse import draw; fig, (ax,) = draw.board();"
        "draw.bars(ax, torch.tensor([.3, .7]), 'ab');"
        "draw.picture(fig, alt='Two bars, a and b.');"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "error", "-c", program], timeout=300).returncode == 0


def test_a_png_is_a_picture_of_that_size_and_the_same_every_time():
    def made():
        fig, axes = draw.board(1, 1, width=3, height=2)
        draw.losses(axes[0], {"a": torch.arange(4.0)})
        return draw.png(fig)

    assert made() == made()
    assert imread(io.BytesIO(made())).shape[:2] == (200, 300)
    assert b"Software" not in made()


def test_a_picture_carries_its_alt_text_wherever_it_goes():
    fig, _ = draw.board()
    data, metadata = draw.picture(fig, alt=SENTENCE)._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG") and data["text/plain"] == SENTENCE
    assert metadata == {"image/png": {"alt": SENTENCE}}


@pytest.mark.parametrize("alt", ["", "figure", "a nice plot"])
def test_a_picture_without_a_sentence_is_refused(alt):
    fig, _ = draw.board()
    with pytest.raises(ValueError, match="alt must say in a sentence what the figure shows") as error:
        draw.picture(fig, alt=alt)
    assert repr(alt) in str(error.value)


# Images ---------------------------------------------------------------------------------------------------------------


def test_pixels_are_rows_columns_colours():
    x = torch.rand(3, 4, 5)
    assert np.array_equal(draw.pixels(x), x.permute(1, 2, 0).numpy())
    assert np.array_equal(draw.pixels(x[None]), draw.pixels(x)), "one image with its batch dimension is one image"
    grey = draw.pixels(torch.rand(1, 1, 4, 5))
    assert grey.shape == (4, 5, 3) and np.array_equal(grey[..., 0], grey[..., 2])


def test_pixels_stay_in_the_box_and_leave_the_graph():
    shown = draw.pixels(torch.tensor([[[-0.5, 0.5, 1.5]]], requires_grad=True))
    assert shown[0, :, 0].tolist() == [0, 0.5, 1]


def test_a_change_is_blue_where_darker_red_where_brighter_white_where_none():
    dark, none, bright = draw.signed(torch.tensor([[[-0.1, 0.0, 0.1]]]), 0.1)[0]
    assert dark[2] > dark[0] and bright[0] > bright[2]
    assert np.allclose(none, 1, atol=0.01)
    assert matplotlib.colors.to_hex(dark).upper() == draw.BLUE
    assert matplotlib.colors.to_hex(bright).upper() == draw.RED


def test_a_change_is_amplified_by_its_scale_and_no_further():
    d = torch.tensor([[[0.02, 0.05, 0.1, 0.4]]])
    full = draw.signed(d, 0.1)[0]
    assert np.array_equal(full[2], full[3]) and not np.array_equal(full[1], full[2])
    assert np.array_equal(draw.signed(d / 50, 0.1 / 50)[0].round(2), full.round(2))


def test_a_change_in_colour_is_around_mid_grey():
    d = torch.tensor([0.1, 0.0, -0.1]).view(1, 3, 1, 1)
    assert np.allclose(draw.signed(d, 0.1), [[[1, 0.5, 0]]])
    assert np.allclose(draw.signed(d, 0.2), [[[0.75, 0.5, 0.25]]])


@pytest.mark.parametrize("channels, empty", [(1, 1.0), (3, 0.5)])
def test_no_budget_no_change(channels, empty):
    assert np.allclose(draw.signed(torch.zeros(1, channels, 2, 2), 0.0), empty, atol=0.01)


def test_an_image_is_shown_with_sharp_pixels_and_without_ticks():
    _, (ax,) = draw.board()
    array = np.random.default_rng(0).random((28, 28, 3))
    assert draw.image(ax, array, "a seven") is ax
    (shown,) = ax.get_images()
    assert np.array_equal(shown.get_array(), array) and shown.get_interpolation() == "nearest"
    assert ax.get_title() == "a seven" and not ax.axison


# Bars -----------------------------------------------------------------------------------------------------------------


def test_the_most_probable_classes_come_first():
    assert [name for name, _ in draw.top(P, NAMES)] == ["bee", "cat", "ant"]
    assert [value for _, value in draw.top(P, NAMES, k=2)] == pytest.approx([0.55, 0.3])
    assert len(draw.top(P[:2], NAMES)) == 2, "a network of two classes has a top two"


def test_bars_are_labelled_and_the_true_class_stands_out_twice():
    _, (ax,) = draw.board()
    assert draw.bars(ax, P, NAMES, true=2) is ax
    assert texts(ax) == ["bee 55%", "cat 30%", "ant 10%"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.55, 0.3, 0.1])
    assert [colour(bar) for bar in ax.patches] == [draw.RED, draw.BLUE, draw.RED]
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [True, False, True], "a second cue beside the colour"
    assert ax.get_xlabel() == "probability" and ax.get_xlim() == (0, 1)
    low, high = ax.get_ylim()
    assert low > high, "the most probable is on top"


def test_bars_of_two_classes_fit():
    _, (ax,) = draw.board()
    draw.bars(ax, torch.tensor([0.9, 0.1]), ("no", "yes"), true=1)
    assert texts(ax) == ["no 90%", "yes 10%"]


@pytest.mark.parametrize("sure", [1.0, 0.75, 0.4, 0.0])
def test_labels_stay_inside_the_axes_and_off_every_bar(sure):
    names = ("German short-haired pointer", "American Staffordshire terrier", "cup")
    fig, axes = draw.board(1, 5, width=9, height=2.1)
    x, p = torch.rand(1, 3, 224, 224), torch.tensor([1 - sure, sure, 0.0])
    draw.fooled(axes, x, x, torch.stack([p, p]), names, true=0, eps=0.1)
    fig.draw_without_rendering()
    ax, room = axes[4], axes[4].get_window_extent()
    for box in (text.get_window_extent() for text in ax.texts):
        assert room.x0 <= box.x0 and box.x1 <= room.x1 and room.y0 <= box.y0 and box.y1 <= room.y1 + 1
        assert not any(box.overlaps(bar.get_window_extent()) for bar in ax.patches if bar.get_width() > 0)


# What is known --------------------------------------------------------------------------------------------------------


def spans(ax, place):
    """Start, end and colour of what lies in a row of the Axes, from left to right."""
    row = [bar for bar in ax.patches if round(bar.get_y() + bar.get_height() / 2) == place and bar.get_width() > 0]
    return [(bar.get_x(), bar.get_x() + bar.get_width(), colour(bar)) for bar in row]


def test_the_smallest_distortion_is_at_most_the_shortest_found():
    _, (ax,) = draw.board()
    assert known(ax, {"DeepFool": 15.8, "FGSM": 20.0, "noise": math.inf}, "grey levels") is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["noise", "FGSM", "DeepFool", "known so far"]
    assert texts(ax) == ["nothing found", "20", "15.8"]
    assert spans(ax, 1) == [(20, 25, draw.RED)] and not spans(ax, 0)
    assert spans(ax, 3) == [(0, 15.8, "#FFFFFF"), (15.8, 25, draw.RED)]


def test_a_proof_closes_the_bar_from_below():
    _, (ax,) = draw.board()
    known(ax, {"DeepFool": 15.0}, "grey levels", certified=3.0)
    assert spans(ax, 1)[:2] == [(0, 3, draw.GREEN), (3, 15, "#FFFFFF")]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "nothing fools",
        "not known",
        "something fools",
    ]
    with pytest.raises(ValueError, match="up to 3 is certified to fool, but one of 2 was found"):
        known(ax, {"DeepFool": 2.0}, "grey levels", certified=3.0)


def test_nothing_at_all_may_be_known():
    _, (ax,) = draw.board()
    assert spans(known(ax, {"noise": math.inf}, "grey levels"), 1) == [(0, 1, "#FFFFFF")]


# The picture ----------------------------------------------------------------------------------------------------------


def test_the_picture_everybody_knows_has_five_parts_and_tells_the_amplification():
    _, axes = draw.board(1, 5)
    x = torch.rand(1, 3, 8, 8) * 0.8 + 0.1
    z = x + 4 / 255
    assert draw.fooled(axes, x, z, torch.stack([P, P.flip(0)]), NAMES, true=1, eps=4 / 255) is axes
    assert [ax.get_title() for ax in axes] == ["clean", "", "change x 31.9", "attacked, eps 4/255", ""]
    assert np.array_equal(axes[0].get_images()[0].get_array(), draw.pixels(x))
    assert np.array_equal(axes[3].get_images()[0].get_array(), draw.pixels(z))
    # A shown change d * a + 1/2 of full colour: a = 1 / (2 eps) is the amplification in the title.
    shown = axes[2].get_images()[0].get_array()
    assert np.allclose(shown, 0.5 + (z - x).numpy()[0].transpose(1, 2, 0) * 255 / 8, atol=1e-3)
    assert texts(axes[1])[0] == "bee 55%" and texts(axes[4])[0] == "cat 55%"


# Curves ---------------------------------------------------------------------------------------------------------------

CURVE = Curve((0.0, 8 / 255, 16 / 255), (90, 40, 10), 100)


def test_a_curve_is_drawn_in_grey_levels_with_its_wilson_band():
    _, (ax,) = draw.board()
    assert draw.curves(ax, {"FGSM": CURVE}) is ax
    (line,) = ax.get_lines()
    assert line.get_xdata() == pytest.approx([0, 8, 16]) and line.get_ydata() == pytest.approx([0.9, 0.4, 0.1])
    (band,) = ax.collections
    corners = {(round(a, 6), round(b, 6)) for a, b in band.get_paths()[0].vertices}
    for eps, hits in zip((0, 8, 16), (90, 40, 10), strict=True):
        for end in wilson(hits, 100):
            assert (eps, round(end, 6)) in corners
    assert "255" in ax.get_xlabel() and "accuracy" in ax.get_ylabel()


def test_lines_differ_in_colour_marker_and_style():
    _, (ax,) = draw.board()
    draw.curves(ax, dict.fromkeys("abcde", CURVE))
    lines = ax.get_lines()
    looks = [(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines]
    assert len({look[0] for look in looks}) == len({look[1] for look in looks}) == 5
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list("abcde")


def test_a_line_too_many_is_refused_not_dropped():
    _, (ax,) = draw.board()
    for draws, line in ((draw.curves, CURVE), (draw.losses, torch.arange(3.0))):
        with pytest.raises(ValueError, match="at most 5 lines can be told apart in one figure; got 6"):
            draws(ax, dict.fromkeys("abcdef", line))


def test_losses_are_drawn_over_the_steps():
    _, (ax,) = draw.board()
    values = torch.tensor([1.0, 4.0, 2.0], requires_grad=True)
    assert draw.losses(ax, {"a": values, "b": values + 1}, label="margin") is ax
    assert ax.get_lines()[0].get_ydata().tolist() == [1, 4, 2]
    assert ax.get_lines()[1].get_xdata().tolist() == [0, 1, 2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step t", "margin")


@pytest.mark.parametrize("steps", [3, 20, 150])
def test_there_is_no_half_step(steps):
    _, (ax,) = draw.board(width=4)
    draw.losses(ax, {"a": torch.rand(steps + 1)})
    assert all(tick == round(tick) for tick in ax.get_xticks())


# The plane of a path --------------------------------------------------------------------------------------------------


X, A, B = torch.rand(3, 1, 1, 3, 3, generator=torch.Generator().manual_seed(0))
SLOPE = torch.linspace(-1, 1, 9).view_as(X)
ENDS = {
    "general": (A, B),
    "first is x": (X, B),
    "second is x": (A, X),
    "both are x": (X, X),
    "both are one": (A, A),
    "in line": (A, X + 2 * (A - X)),
    "in line along the fallback": (X + SLOPE, X - SLOPE),
    "in line along the other fallback": (X + 0.1, X + 0.2),
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
def test_a_plane_has_two_orthonormal_directions_through_the_points(ends):
    directions = draw.plane(X, *ends)
    assert torch.allclose(directions @ directions.T, torch.eye(2, dtype=torch.float64), atol=1e-6)
    for end in ends:
        d = (end - X).flatten().double()
        assert torch.allclose(directions.T @ (directions @ d), d, atol=1e-5), "the ends lie in the plane"


@pytest.mark.parametrize("ends", [((-1.0, 1.0), (-2.0, 2.0)), ((1.0, 0.0), (2.0, 0.0)), ((0.0, 0.0), (0.0, 0.0))])
def test_toy_points_in_two_dimensions_have_a_plane_too(ends):
    x = torch.zeros(1, 2)
    directions = draw.plane(x, *(torch.tensor([end]) for end in ends))
    assert torch.allclose(directions @ directions.T, torch.eye(2, dtype=torch.float64), atol=1e-9)


def inside(polygon, at, slack):
    """Is each point [m, 2] on the left of every edge of a convex polygon that goes round anticlockwise?"""
    edge = np.roll(polygon, -1, 0) - polygon
    to = at[:, None] - polygon[None]
    return (edge[:, 0] * to[..., 1] - edge[:, 1] * to[..., 0] >= -slack).all(1)


@pytest.mark.parametrize("n", [2, 5, 60])
def test_the_shadow_holds_every_member_and_no_more(n):
    generator = torch.Generator().manual_seed(n)
    lower = -torch.rand(n, generator=generator, dtype=torch.float64)
    upper = torch.rand(n, generator=generator, dtype=torch.float64)
    directions = draw.plane(*torch.randn(3, 1, n, generator=generator))
    outline = draw.shadow(lower, upper, directions, corners=3600)
    share = torch.rand(1000, n, generator=generator, dtype=torch.float64)
    corner = (torch.rand(1000, n, generator=generator) < 0.5).double()
    members = torch.cat([lower + s * (upper - lower) for s in (share, corner)])
    assert inside(outline, (members @ directions.T).numpy(), slack=1e-9).all()
    # Support: in any direction of the plane the outline reaches exactly as far as the farthest member does.
    for angle in np.linspace(0, 2 * np.pi, 50):
        a = np.array([np.cos(angle), np.sin(angle)])
        push = torch.from_numpy(a) @ directions
        farthest = torch.where(push > 0, upper, lower) @ push
        assert (outline @ a).max() == pytest.approx(farthest.item(), abs=1e-4)
        assert (outline @ a).max() <= farthest.item() + 1e-9


def test_the_shadow_of_a_square_on_its_own_plane_is_the_square():
    outline = draw.shadow(-torch.ones(2), torch.ones(2), torch.eye(2, dtype=torch.float64), corners=360)
    assert {tuple(point) for point in outline.tolist()} == {(1, 1), (1, -1), (-1, 1), (-1, -1)}


def test_paths_keep_to_the_shadow_of_their_set():
    torch.manual_seed(0)
    model, x, y = models.cnn(), torch.rand(1, 1, 28, 28), torch.tensor([3])
    walks = {"box alone": [], "ball and box": []}
    for threat, walk in zip((Unbounded(), Linf(0.05)), walks.values(), strict=True):
        iterative_fgsm(model, x, Untargeted(y), threat, steps=8, step_size=0.02, trace=walk.append)
    fig, (ax,) = draw.board(width=5, height=4)
    assert draw.paths(ax, x, walks, Linf(0.05)) is ax
    both, ball = (patch.get_xy()[:-1] for patch in ax.patches)
    outside, kept, origin = (np.array(line.get_xydata()) for line in ax.get_lines())
    assert origin.tolist() == [[0, 0]] and len(outside) == len(kept) == 9
    assert np.abs(outside[0]).max() < 1e-9 and np.abs(kept[0]).max() < 1e-9, "both walks start at x"
    slack = 0.02 * np.abs(ball).max() ** 2
    assert inside(both, kept, slack).all() and inside(ball, kept, slack).all()
    assert not inside(ball, outside[-1:], slack).any()
    assert {text.get_text() for text in ax.get_legend().get_texts()} >= {"ball", "ball and box", "box alone", "x"}
    assert len(draw.png(fig)) > 1000
