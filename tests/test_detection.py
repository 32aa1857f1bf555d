"""A detector: its boxes against hand counts, its loss against what it should say, and the one that ships."""

import math

import pytest
import torch
from torch import Tensor, nn

from advcourse import toys
from advcourse.detection import (
    STRIDE,
    Found,
    average_precision,
    detection_loss,
    detector,
    found,
    matched,
    overlap,
    precision_of,
    suppressed,
)
from advcourse.detection.detector import assigned, boxes_of, cells


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


SOME = toys.scenes(80, seeded(4))


# Boxes ----------------------------------------------------------------------------------------------------------------


def test_overlap_by_hand():
    a = torch.tensor([0.0, 0.0, 4.0, 4.0])
    others = torch.tensor([[0.0, 0, 4, 4], [2, 0, 6, 4], [4, 0, 8, 4], [5, 5, 6, 6], [1, 1, 3, 3], [0, 0, 0, 0]])
    assert overlap(a, others).tolist() == pytest.approx([1, 8 / 24, 0, 0, 4 / 16, 0])
    assert float(overlap(torch.zeros(4), torch.zeros(4))) == 0, "two that are not there"


def test_overlap_is_the_share_of_pixels():
    corner = torch.randint(0, 8, (50, 2, 2), generator=seeded())
    boxes = torch.cat([corner, corner + torch.randint(1, 8, (50, 2, 2), generator=seeded(1))], 2)
    at = torch.arange(16)

    def pixels(box: Tensor) -> Tensor:
        left, top, right, bottom = box.tolist()
        return ((at >= left) & (at < right))[None] & ((at >= top) & (at < bottom))[:, None]

    for a, b in boxes:
        both, either = pixels(a) & pixels(b), pixels(a) | pixels(b)
        assert float(overlap(a.float(), b.float())) == pytest.approx(float(both.sum() / either.sum()))


def test_of_boxes_that_say_the_same_the_surest_stays():
    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [8, 0, 18, 10], [30, 0, 40, 10], [2, 0, 12, 10]])
    kept = suppressed(Found(boxes, torch.tensor([0.5, 0.9, 0.8, 0.1, 0.7])))
    assert kept.score.tolist() == pytest.approx([0.9, 0.8, 0.1]) and kept.boxes[:, 0].tolist() == [1, 8, 30]
    # The second suppresses the third; the fourth overlaps the third only, and stays.
    chain = torch.tensor([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]])
    assert suppressed(Found(chain, torch.tensor([0.9, 0.8, 0.7])), 0.4).boxes[:, 0].tolist() == [0, 6]
    assert len(suppressed(Found(torch.zeros(0, 4), torch.zeros(0)))) == 0


# Average precision ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "people", "want"),
    [
        ([1, 1], 2, 1.0),
        ([1], 2, 0.5),
        ([0, 1], 1, 0.5),
        ([1, 0, 1], 2, (1 + 2 / 3) / 2),
        ([0, 1, 1], 2, 2 / 3),  # precision 0, 1/2, 2/3: the better one counts for both
        ([1, 0, 0, 1, 0], 4, (1 + 1 / 2) / 4),
        ([0, 0], 3, 0.0),
        ([], 3, 0.0),
    ],
    ids=str,
)
def test_average_precision_by_hand(right, people, want):
    assert precision_of(torch.tensor(right, dtype=torch.bool), people) == pytest.approx(want)


def test_a_true_box_is_taken_once_and_by_the_surest():
    truth = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 0, 0]])
    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 4], [21, 0, 31, 10]])
    assert matched(Found(boxes, torch.tensor([0.6, 0.9, 0.8, 0.1])), truth).tolist() == [False, True, False, True]
    assert matched(Found(boxes, torch.tensor([0.9, 0.6, 0.8, 0.1])), truth).tolist() == [True, False, False, True]
    assert not matched(Found(boxes, torch.ones(4)), torch.zeros(3, 4)).any(), "nobody is there"


def test_boxes_of_all_pictures_are_ranked_together():
    truth = torch.tensor([[[0.0, 0, 10, 10]], [[0, 0, 10, 10]], [[0, 0, 0, 0]]])
    box, off = torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([[50.0, 0, 60, 10]])

    def at(*scores: float) -> list[Found]:
        return [Found(b, torch.tensor([s])) for b, s in zip((box, box, off), scores)]

    assert average_precision(at(0.9, 0.8, 0.7), truth) == pytest.approx(1)
    assert average_precision(at(0.9, 0.7, 0.8), truth) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(at(0.8, 0.7, 0.9), truth) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="anybody"):
        average_precision(at(0.9, 0.8, 0.7), torch.zeros(3, 1, 4))
    with pytest.raises(ValueError, match="3 pictures, truth those of 2"):
        average_precision(at(0.9, 0.8, 0.7), truth[:2])


# The map --------------------------------------------------------------------------------------------------------------

PEOPLE = torch.tensor([[[8.0, 10.0, 24.0, 60.0], [60, 40, 70, 66], [0, 0, 0, 0]]])


def test_cells_and_their_boxes_by_hand():
    out = torch.zeros(1, 5, 12, 12)
    assert cells(out)[0, 0].tolist() == [4, 4] and cells(out)[2, 5].tolist() == [44, 20]
    out[0, 1:, 2, 5] = torch.tensor([1.0, 2.0, 3.0, 4.0]).expm1().log()  # softplus makes 1, 2, 3, 4 of it
    assert boxes_of(out)[0, 2, 5].tolist() == pytest.approx([44 - 8, 20 - 16, 44 + 24, 20 + 32], abs=1e-4)


def test_the_cells_around_everyones_middle_fire_and_no_others():
    fires, wanted = assigned(torch.zeros(1, 5, 12, 12), PEOPLE)
    for (row, column), want in {(4, 1): 0, (3, 2): 0, (6, 8): 1}.items():
        assert fires[0, row, column] and wanted[0, row, column].tolist() == PEOPLE[0, want].tolist()
    middles = [(16, 35, 16, 50), (65, 53, 10, 26)]  # x, y, width, height
    for row, column in fires[0].nonzero().tolist():
        off = [
            (abs(8 * column + 4 - x) / max(4, w / 5), abs(8 * row + 4 - y) / max(4, h / 5)) for x, y, w, h in middles
        ]
        assert any(max(both) <= 1 for both in off)
    assert not assigned(torch.zeros(1, 5, 12, 12), torch.zeros(1, 3, 4))[0].any()


def test_every_person_has_a_cell():
    for boxes in SOME.y:
        for box in boxes[boxes[:, 2] > 0]:
            assert assigned(torch.zeros(1, 5, 12, 12), box[None, None])[0].any()


def perfect(boxes: Tensor) -> Tensor:
    """The map that says exactly what is true: [B, 5, 12, 12]."""
    out = torch.zeros(len(boxes), 5, 12, 12)
    fires, wanted = assigned(out, boxes)
    ways = torch.cat([cells(out) - wanted[..., :2], wanted[..., 2:] - cells(out)], -1) / STRIDE
    out[:, 0] = torch.where(fires, 12.0, -12.0)
    out[:, 1:] = ways.clamp(min=1e-3).expm1().log().movedim(-1, 1)
    return out


def test_the_truth_has_no_loss_and_an_average_precision_of_one():
    out, x = perfect(PEOPLE), torch.zeros(1, 3, 96, 96)
    says = lambda x: out  # noqa: E731
    assert float(detection_loss(says, x, PEOPLE)) < 1e-3
    (seen,) = found(says, x)
    assert len(seen) == 2 and average_precision([seen], PEOPLE) == 1
    assert len(found(says, x, surer=0.99999999)[0]) == 0


def test_the_loss_by_hand():
    out = torch.zeros(1, 5, 12, 12)
    fires, wanted = assigned(out, PEOPLE)
    n = int(fires.sum())
    lost = sum(1 - float(overlap(b, w)) for b, w in zip(boxes_of(out)[fires], wanted[fires]))
    assert float(detection_loss(lambda x: out, torch.zeros(1, 3, 96, 96), PEOPLE)) == pytest.approx(
        (144 * math.log(2) + lost) / n
    )
    nobody = detection_loss(lambda x: out, torch.zeros(1, 3, 96, 96), torch.zeros(1, 3, 4))
    assert float(nobody) == pytest.approx(144 * math.log(2))


def test_a_detector_answers_with_a_map_and_is_asked_in_evaluation_mode():
    net = detector(12).train()
    x = torch.rand(3, 3, 96, 96, generator=seeded())
    state = {k: v.clone() for k, v in net.state_dict().items()}
    a = found(net, x, surer=0.0)
    b = [found(net, one[None], surer=0.0)[0] for one in x]
    assert all(torch.allclose(p.boxes, q.boxes, atol=1e-3) for p, q in zip(a, b))
    assert net.training and all(torch.equal(v, state[k]) for k, v in net.state_dict().items())
    assert net(x).shape == (3, 5, 12, 12) and torch.equal(net.eval().objectness(x), net(x)[:, 0])
    assert found(net, x[:0]) == []


def test_it_learns_one_scene_by_heart():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = detector(24)
    scene = toys.scenes(4, seeded(3))
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(60):
        loss = detection_loss(net, scene.x, scene.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert average_precision(found(net, scene.x), scene.y) > 0.9 and isinstance(net, nn.Module)


# Scenes ---------------------------------------------------------------------------------------------------------------


def test_scenes_repeat_with_their_seed_and_have_nobody_to_three_people():
    a, b = toys.scenes(10, seeded(2)), toys.scenes(10, seeded(2))
    assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y) and not torch.equal(a.x, toys.scenes(10, seeded(3)).x)
    assert a.x.shape == (10, 3, 96, 96) and a.x.min() >= 0 and a.x.max() <= 1
    assert set((SOME.y[..., 2] > 0).sum(1).tolist()) == {0, 1, 2, 3}
    assert len(toys.scenes(0, seeded())) == 0 and len(a[:5]) == 5 and repr(a[:5]) == "Scenes(x=[5, 3, 96, 96], cpu)"


def test_boxes_lie_in_the_picture_and_are_of_many_sizes():
    boxes = SOME.y[SOME.y[..., 2] > 0]
    assert boxes.min() >= 0 and boxes.max() <= 96 and (boxes[:, 2:] > boxes[:, :2]).all()
    tall = boxes[:, 3] - boxes[:, 1]
    assert tall.min() < 32 and tall.max() > 65 and (tall > boxes[:, 2] - boxes[:, 0]).float().mean() > 0.9


def test_a_box_encloses_its_person_exactly(monkeypatch):
    """The same scene without its people differs from it inside the boxes only, and up to each of their edges."""
    with_people = toys.scenes(20, seeded(6))
    nobody = lambda self, x, height, here: _person(self, x, height, here & False)  # noqa: E731
    _person = toys.scenes.__globals__["_Street"].person
    monkeypatch.setattr(toys.scenes.__globals__["_Street"], "person", nobody)
    empty = toys.scenes(20, seeded(6))
    assert not empty.y.any()
    for x, bare, boxes in zip(with_people.x, empty.x, with_people.y):
        changed = (x - bare).abs().amax(0)
        inside = torch.zeros(96, 96, dtype=torch.bool)
        for left, top, right, bottom in boxes.int().tolist():
            inside[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] |= right > 0
            if right:
                assert changed[top : top + 2, left:right].any() and changed[bottom - 2 : bottom, left:right].any()
                assert changed[top:bottom, left : left + 2].any() and changed[top:bottom, right - 2 : right].any()
        assert not changed[~inside].any()
