"""A database of images: hand-counted rankings, poolings written out, views that are what their labels say."""

import math
import statistics

import pytest
import torch
from torch import nn

from advcourse import checkpoints, data, mismatch, models, retrieval
from advcourse.retrieval import Index, average_precision, gem_pool, max_pool, mean_interval, mean_pool, recall_at
from advcourse.threats import Linf

DOUBLE = torch.float64


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ranked(*rows: str) -> torch.Tensor:
    """Rankings as they are written on paper, x for a relevant result."""
    return torch.tensor([[sign == "x" for sign in row] for row in rows])


# How good a ranking is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "counted"),
    [
        ("x...", 1),
        ("...x", 1 / 4),
        ("x.x.", (1 / 1 + 2 / 3) / 2),
        (".xx.", (1 / 2 + 2 / 3) / 2),
        ("xx..", 1),
        (".x.x.x", (1 / 2 + 2 / 4 + 3 / 6) / 3),
        ("x..xx", (1 / 1 + 2 / 4 + 3 / 5) / 3),
    ],
)
def test_average_precision_counted_by_hand(row, counted):
    assert average_precision(ranked(row)).tolist() == pytest.approx([counted])


def test_recall_at_k_counted_by_hand():
    rows = ranked("x...", ".x..", "...x", "....", "xx..")
    by_hand = {1: "x...x", 2: "xx..x", 3: "xx..x", 4: "xxx.x"}
    for k, found in by_hand.items():
        assert torch.equal(recall_at(k, rows), ranked(found)[0])


def test_a_random_ranking_has_the_precision_of_the_share_and_a_worse_order_less():
    share = 0.1
    rows = torch.rand(400, 500, generator=seeded()) < share
    assert average_precision(rows).mean().item() == pytest.approx(share, abs=0.02)
    best = rows.sort(1, descending=True).values
    assert average_precision(best).tolist() == [1.0] * 400
    assert (average_precision(best.flip(1)) < average_precision(rows)).all()


def test_the_interval_of_a_mean_holds_it_as_often_as_it_says():
    hits, generator = 0, seeded(3)
    for _ in range(400):
        low, high = mean_interval(torch.rand(8, generator=generator))
        hits += low <= 0.5 <= high
    assert 0.92 <= hits / 400 <= 0.98
    few = [0.1, 0.4, 0.6, 0.7]
    half = 3.1824 * statistics.stdev(few) / 2  # the t table, three degrees of freedom
    assert mean_interval(torch.tensor(few)) == pytest.approx((0.45 - half, 0.45 + half), abs=1e-4)
    assert mean_interval(torch.tensor([1.0])) == (0, 1) and mean_interval(torch.ones(5)) == (1, 1)
    assert mean_interval(torch.tensor([0.9, 1.0, 0.4]))[1] == 1


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: average_precision(ranked("x..", "...")), "1 of 2 queries have no relevant result"),
        (lambda: average_precision(torch.ones(2, 3)), r"bool for each result.*float32 \[2, 3\]"),
        (lambda: recall_at(4, ranked("x..")), "recall@4 of 3 results"),
        (lambda: recall_at(0, ranked("x..")), "k is at least 1"),
        (lambda: recall_at(1, ranked("x..")[0]), r"\[B, N\]"),
        (lambda: Index(torch.eye(3)).nearest(torch.eye(3), 4), "k=4 of 3 neighbours"),
        (lambda: Index(torch.eye(3)).nearest(torch.ones(1, 2), 1), r"queries \[1, 2\], descriptors \[3, 3\]"),
        (lambda: retrieval.whitening(torch.eye(4), 4), "vary in 3 directions; keep=4"),
        (lambda: retrieval.database(96, each=1).of("tea"), "no photograph called 'tea'; there are astronaut"),
    ],
)
def test_what_cannot_be_says_why(ask, words):
    with pytest.raises(ValueError, match=words):
        ask()


# The index ------------------------------------------------------------------------------------------------------------


def test_the_nearest_are_those_of_the_largest_cosine():
    shelf, query = torch.randn(50, 6, generator=seeded(1)), torch.randn(4, 6, generator=seeded(2))
    cosine = nn.functional.cosine_similarity(query[:, None], shelf[None], dim=2)
    distances, places = Index(shelf).nearest(query, 7)
    torch.testing.assert_close(distances, 1 - cosine.topk(7, 1).values)
    assert torch.equal(places, cosine.topk(7, 1).indices)
    assert torch.equal(Index(shelf).ranking(query), cosine.argsort(1, descending=True))
    assert Index(shelf).nearest(query[:0], 3)[1].shape == (0, 3)


# Poolings and descriptors ---------------------------------------------------------------------------------------------


def test_the_generalised_mean_lies_between_mean_and_maximum():
    f = torch.rand(2, 5, 4, 3, generator=seeded(), dtype=DOUBLE) + 0.01
    torch.testing.assert_close(gem_pool(f, 1.0), mean_pool(f))
    torch.testing.assert_close(gem_pool(f, 400.0), max_pool(f), rtol=0.02, atol=0)
    assert (mean_pool(f) < gem_pool(f)).all() and (gem_pool(f) < max_pool(f)).all()
    by_hand = sum(v**3 for v in f[1, 2].flatten().tolist()) / 12
    assert float(gem_pool(f)[1, 2]) == pytest.approx(by_hand ** (1 / 3))


@pytest.mark.parametrize("pool", [mean_pool, max_pool, gem_pool])
def test_a_pooled_map_has_the_right_gradient_also_where_nothing_fires(pool):
    f = torch.rand(1, 2, 2, 3, generator=seeded(), dtype=DOUBLE).requires_grad_()
    assert torch.autograd.gradcheck(pool, f)
    for least in (0.0, 1e-20):
        dark = torch.full((1, 2, 2, 3), least, requires_grad=True)
        assert torch.autograd.grad(pool(dark).sum(), dark)[0].isfinite().all()


def test_whitened_descriptors_are_uncorrelated_and_of_one_spread():
    mixed = torch.randn(200, 6, generator=seeded(), dtype=DOUBLE) @ torch.randn(6, 6, generator=seeded(1), dtype=DOUBLE)
    white = retrieval.whitening(mixed + 3, 4)(mixed + 3)
    assert white.mean(0).abs().max() < 1e-9
    torch.testing.assert_close(white.T.cov(), torch.eye(4, dtype=DOUBLE))
    spread = (mixed - mixed.mean(0)).square().sum()
    fitted = white @ torch.linalg.lstsq(white, mixed - mixed.mean(0)).solution
    back = (mixed - mixed.mean(0) - fitted).square().sum() / spread
    lost = torch.linalg.svdvals(mixed - mixed.mean(0))[4:].square().sum() / spread
    assert float(back) == pytest.approx(float(lost)), "the directions that are left out are those that vary least"


def test_a_descriptor_is_of_length_one_and_resizes_what_it_is_given():
    features = nn.Conv2d(3, 5, 3)
    describe = retrieval.descriptor(features, mean_pool, size=8)
    small, large = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 20, 14)
    assert describe(small).norm(dim=1).tolist() == pytest.approx([1, 1]) and describe(large).shape == (2, 5)
    torch.testing.assert_close(describe(small), nn.functional.normalize(features(small).mean((2, 3)), dim=1))
    white = retrieval.whitening(describe(torch.rand(30, 3, 8, 8)), 3)
    whitened = retrieval.descriptor(features, mean_pool, size=8, white=white)
    assert whitened(large).shape == (2, 3) and whitened(large).norm(dim=1).tolist() == pytest.approx([1, 1])
    assert torch.equal(retrieval.described(describe, large), describe(large).detach())


def test_resizing_is_that_of_the_photographs():
    x = data.photograph("coffee")[..., :400, :400]
    seen = retrieval.Resize(128)(x)
    assert (seen - data.shrunk(x, 128)).abs().max() <= 0.51 / 255
    assert retrieval.Resize(400)(x) is x


# The database ---------------------------------------------------------------------------------------------------------


def test_the_database_has_six_views_of_each_region_and_the_queries_are_none_of_them():
    shelf, asked = retrieval.database(32), retrieval.queries(128)
    assert shelf.x.shape == (432, 3, 32, 32) and asked.x.shape == (72, 3, 128, 128)
    assert shelf.region.bincount().tolist() == [6] * 72 and shelf.y.bincount().tolist() == [24] * 18
    assert asked.region.tolist() == list(range(72)) and torch.equal(asked.y, asked.region // 4)
    for views in (shelf, asked):
        assert torch.equal((views.x * 255).round() / 255, views.x)
    small = retrieval.Resize(32)(asked.x)
    gaps = [(small[r] - shelf.x[shelf.region == r]).abs().mean((1, 2, 3)).min().item() for r in range(72)]
    assert min(gaps) > 0.005, "each view differs from its query by more than a grey level"


def test_views_are_the_same_each_time_and_can_be_chosen():
    shelf = retrieval.database(32, each=2)
    again = retrieval.database.__wrapped__(32, each=2)
    assert torch.equal(shelf.x, again.x)
    assert len(shelf.of("coffee")) == 8 and len(shelf.of("coffee, upper left")) == 2
    assert shelf.regions[int(shelf.of("coffee, upper left").region[0])] == "coffee, upper left"
    assert torch.equal(shelf[[3, 5]].x, shelf.x[[3, 5]]) and "18 photographs" in repr(shelf)


@pytest.fixture(scope="module")
def trunk():
    return retrieval.features(models.pretrained())


@pytest.fixture(scope="module")
def maps(trunk):
    """Feature maps of one view of each region and of the queries, small ones, for every pooling."""
    shelf, asked = retrieval.database(96, each=1), retrieval.queries(96)
    return [(retrieval.described(trunk, views.x), views.y) for views in (shelf, asked)]


@pytest.mark.parametrize("pool", [mean_pool, max_pool, gem_pool])
def test_the_imagenet_network_finds_the_photograph_of_a_region(maps, pool):
    (shelf, y), (asked, wanted) = maps
    ranking = Index(pool(shelf)).ranking(pool(asked))
    relevant = y[ranking] == wanted[:, None]
    assert recall_at(1, relevant).double().mean() > 0.95
    assert average_precision(relevant).mean() > 0.85
    by_chance = average_precision(relevant[:, torch.randperm(len(y), generator=seeded())]).mean()
    assert by_chance < 0.25


def test_features_are_the_networks_own(trunk):
    x = retrieval.queries().x[:1]
    network = models.pretrained()
    head = network[1].classifier(trunk(x).mean((2, 3)))
    torch.testing.assert_close(head, network(x))
    assert trunk(x).shape == (1, 1280, 7, 7) and trunk(x).min() >= 0
    early = retrieval.features(network, 3)
    assert early(x).shape == (1, 40, 28, 28)
    torch.testing.assert_close(early(x), network[1].blocks[:3](network[1].bn1(network[1].conv_stem(network[0](x)))))


def test_a_query_that_looks_like_coffee_finds_the_cat(trunk):
    describe = retrieval.descriptor(trunk, gem_pool, size=96)
    shelf, asked = retrieval.database(96, each=1), retrieval.queries()
    coffee, cat = asked.of("coffee, upper left").x, asked.of("chelsea, upper left").x
    z = mismatch(describe, coffee, cat, Linf(8 / 255), steps=12, step_size=2 / 255)
    index = Index(retrieval.described(describe, shelf.x))
    found = [shelf.y[index.nearest(retrieval.described(describe, x), 3)[1][0]] for x in (coffee, z)]
    assert {shelf.photographs[k] for k in found[0]} == {"coffee"}
    assert {shelf.photographs[k] for k in found[1]} == {"chelsea"}
    assert (z - coffee).abs().max() <= 8 / 255 + 1e-6


# Fashion-MNIST --------------------------------------------------------------------------------------------------------


def test_ten_thousand_clothes_by_our_own_network():
    try:
        clothes = data.fashion()[1]
    except FileNotFoundError:
        pytest.skip("Fashion-MNIST is not installed: sudo apt-get install dataset-fashion-mnist")
    network = checkpoints.load("fashion_cnn")
    assert isinstance(network, nn.Sequential)
    engine = retrieval.Engine(nn.Sequential(network[:-1], retrieval.Layer(retrieval.unit)), clothes[100:])
    asked = clothes[:100]
    assert engine.precision(asked.x, asked.y).mean() > 0.7
    relevant = engine.relevant(asked.x, asked.y)
    assert torch.equal(recall_at(5, relevant), (engine.shelf.y[engine.nearest(asked.x)] == asked.y[:, None]).any(1))
    assert math.isclose(float(average_precision(relevant[:, torch.randperm(9900)]).mean()), 0.1, abs_tol=0.03)
