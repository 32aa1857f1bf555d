"""What an oracle answers, what it counts, and what it refuses."""

import pytest
import torch
from attack_table import dice, having
from test_attack_contract import Breaks, BreaksAt, Watched, assert_untouched, everything, inputs
from torch import nn

from advcourse import Targeted, Untargeted, input_gradient, oracles
from advcourse.oracles import BudgetSpent, Decisions, Scores

X = inputs(5, (2, 3, 4), dtype=torch.float32)
every_oracle = pytest.mark.parametrize("oracle", [Scores, Decisions])


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(24, 3)).eval()


# --- what it answers -------------------------------------------------------------------------------------------------


def test_scores_are_the_networks_logits_and_decisions_its_classes_without_a_graph():
    model = network()
    scores, classes = Scores(model)(X), Decisions(model)(X)
    torch.testing.assert_close(scores, model(X))
    assert torch.equal(classes, model(X).argmax(1)) and classes.dtype == torch.int64
    assert not scores.requires_grad and scores.grad_fn is None


@every_oracle
def test_a_network_in_training_is_asked_in_evaluation_mode_and_put_back(oracle):
    model = Watched()
    before = everything(model)
    first, again = (oracle(model)(X) for _ in range(2))
    assert torch.equal(first, again), "dropout was on"
    assert_untouched(model, before)


@every_oracle
def test_it_is_put_back_also_when_it_raises(oracle):
    model = BreaksAt(1)
    before = everything(model)
    with pytest.raises(Breaks):
        oracle(model)(X)
    assert_untouched(model, before)


@every_oracle
def test_many_inputs_are_asked_in_parts_with_the_same_answers(oracle, monkeypatch):
    sizes = []
    model = network()
    model.register_forward_hook(lambda module, given, out: sizes.append(len(out)))
    whole = oracle(model)(X)
    monkeypatch.setattr(oracles, "AT_ONCE", 2)
    torch.testing.assert_close(oracle(model)(X), whole)
    assert sizes == [5, 2, 2, 1]


def test_decisions_in_the_form_that_goals_read_reach_what_the_logits_reach():
    model, y = network(), torch.tensor([0, 1, 2, 0, 1])
    votes = Decisions(model).as_scores(X)
    assert votes.unique().tolist() == [-1, 0] and torch.equal(votes.argmax(1), model(X).argmax(1))
    for goal in (Untargeted(y), Targeted(y)):
        goal.check(votes)
        assert torch.equal(goal.reached(votes), goal.reached(model(X)))


def test_an_empty_batch_has_empty_answers_and_costs_nothing():
    for oracle in (Scores(network()), Decisions(network())):
        assert len(oracle(X[:0])) == 0 and oracle.total == 0 and len(oracle.queries) == 0


# --- what it counts --------------------------------------------------------------------------------------------------


@every_oracle
def test_queries_are_counted_for_every_sample_and_in_all(oracle):
    asked = oracle(network())
    asked(X)
    left = torch.tensor([1, 4])
    asked[left](X[left])
    asked[left][torch.tensor([False, True])](X[4:])
    asked[left.repeat(3)](X[left.repeat(3)])
    assert asked.queries.tolist() == [1, 5, 1, 1, 6] and asked.total == 14
    assert asked[left].queries.tolist() == [5, 6] and asked[left].total == 11
    assert asked[left.repeat(2)].total == 11, "a sample that is named twice is not counted twice"


def test_counts_seen_earlier_do_not_change():
    asked = Scores(network())
    asked(X)
    before = asked.queries
    asked(X)
    assert before.tolist() == [1] * 5 and asked.queries.tolist() == [2] * 5


@every_oracle
def test_a_budget_is_never_exceeded_and_what_is_left_is_said(oracle):
    calls = []

    def model(z):
        calls.append(len(z))
        return network()(z)

    asked = oracle(model, budget=3)
    two = torch.tensor([0, 2])
    asked(X)
    asked[two](X[two])
    with pytest.raises(BudgetSpent, match="2 more queries about sample 2, of whose budget of 3 there are 1 left"):
        asked[torch.tensor([1, 2, 2])](X[[1, 2, 2]])
    assert calls == [5, 2] and asked.queries.tolist() == [2, 1, 2, 1, 1], "nothing was asked"
    asked(X)
    with pytest.raises(BudgetSpent, match=r"1 more queries about sample 0, .* 0 left.*fewer queries"):
        asked(X)
    assert asked.queries.tolist() == [3, 2, 3, 2, 2]


def test_without_a_budget_there_is_no_end_and_a_budget_of_zero_allows_nothing():
    asked = Scores(network())
    for _ in range(20):
        asked(X)
    assert asked.total == 100
    with pytest.raises(BudgetSpent, match="budget of 0"):
        Scores(network(), budget=0)(X)


# --- what it refuses -------------------------------------------------------------------------------------------------


@every_oracle
def test_an_input_that_asks_for_a_gradient_is_refused_with_what_works(oracle):
    asked = oracle(network())
    with pytest.raises(ValueError, match=rf"requires_grad.*none leads through {oracle.__name__}.*nes and square"):
        asked(X.clone().requires_grad_())
    assert asked.total == 0
    asked(X.clone().requires_grad_().detach())


REFUSED = {"match": r"an oracle only answers.*boundary and hopskipjump.*the network itself"}


@having(lambda attack, threat: attack.oracle is None)
@every_oracle
def test_an_attack_that_needs_a_gradient_is_refused_in_words(oracle, attack, threat, device):
    asked, y = oracle(network().to(device)), torch.tensor([0, 1, 2, 0, 1], device=device)
    with pytest.raises(ValueError, **REFUSED):
        attack.run(asked, X.to(device), Untargeted(y), threat, **dice(attack))
    assert asked.total == 0


@every_oracle
def test_the_gradient_itself_is_refused_in_words(oracle):
    asked = oracle(network())
    with pytest.raises(ValueError, **REFUSED):
        input_gradient(asked, X, Untargeted(torch.tensor([0, 1, 2, 0, 1])))
    assert asked.total == 0


def test_as_many_inputs_as_were_announced():
    with pytest.raises(ValueError, match=r"told of 2 samples, oracle\[rows\], and got 5 inputs"):
        Scores(network())[torch.tensor([0, 1])](X)


def test_a_budget_is_a_number_of_queries():
    with pytest.raises(ValueError, match=r"budget must be a number of queries a sample, >= 0.*got -1"):
        Scores(network(), budget=-1)


def test_a_decision_needs_classes():
    with pytest.raises(ValueError, match=r"logits \[B, K\]"):
        Decisions(lambda z: z.flatten(1)[:, 0])(X)
    with pytest.raises(ValueError, match="NaN for 5 of 5 samples"):
        Decisions(lambda z: z.flatten(1) * torch.nan)(X)


def test_an_oracle_is_made_around_a_model_and_kept_where_there_is_one():
    model, scores = network(), Scores(network())
    assert Scores.of(scores) is scores and Scores.of(model).model is model
    with pytest.raises(TypeError, match=r"asks Scores, and got Decisions: nes and square need Scores\(model\)"):
        Scores.of(Decisions(model))
    with pytest.raises(TypeError, match=r"asks Decisions, and got Scores"):
        Decisions.of(scores)
