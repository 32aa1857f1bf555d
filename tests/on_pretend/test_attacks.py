"""The contracts that a device can break, for every row of the table of attacks: float32, and float64 refused.

The device computes with the CPU's own kernels. So a result that differs in one bit took another way.
"""

import math

import pytest
import torch
from attack_table import dice, having
from pretend import NAME
from test_attack_contract import Watched, assert_member, assert_untouched, everything, labels, world

from advcourse import Targeted, Untargeted, margin

every_attack = having(lambda a, t: True, [NAME])


def worlds(shape=(2, 3, 4), batch=4):
    """The same model, inputs and labels on the CPU and on the device."""
    return (world(shape, batch, dtype=torch.float32, device=where) for where in ("cpu", NAME))


@pytest.mark.parametrize("goal_of", [Untargeted, lambda y: Untargeted(y, margin), Targeted], ids=["y", "margin", "t"])
@every_attack
def test_the_result_is_that_of_the_cpu_bit_for_bit(attack, threat, device, goal_of):
    (model, x, y), (twin, there, y_there) = worlds()
    want = attack.run(model, x, goal_of(y), threat, **dice(attack))
    z = attack.run(twin, there, goal_of(y_there), threat, **dice(attack))
    assert (z.device, z.dtype, z.requires_grad) == (there.device, torch.float32, False)
    assert torch.equal(z.cpu(), want)
    assert_member(z.cpu(), x, threat)


@every_attack
def test_every_iterate_is_a_member_on_the_device(attack, threat, device):
    _, (model, x, y) = worlds()
    path = []
    attack.run(model, x, Untargeted(y), threat, trace=path.append, **dice(attack))
    assert len(path) >= 2 and {p.device for p in path} == {x.device}
    for p in path:
        assert_member(p.cpu(), x.cpu().repeat(attack.restarts, 1, 1, 1), threat)


@every_attack
def test_model_and_arguments_are_the_same_after_as_before(attack, threat, device):
    model = Watched().to(device)
    _, (_, x, y) = worlds(batch=3)
    before, x_before, y_before = everything(model), x.clone(), y.clone()
    attack.run(model, x, Untargeted(y), threat, **dice(attack))
    assert_untouched(model, before)
    assert torch.equal(x, x_before) and torch.equal(y, y_before)


@having(lambda a, t: math.isfinite(t.eps), [NAME])
def test_a_zero_budget_returns_x_and_never_x_itself(attack, threat, device):
    _, (model, x, y) = worlds()
    z = attack.run(model, x, Untargeted(y), type(threat)(0.0), **dice(attack))
    assert z.device == x.device and torch.equal(z, x)
    before = x.clone()
    z.add_(1.0)
    assert torch.equal(x, before)


@every_attack
def test_an_empty_batch_returns_an_empty_batch(attack, threat, device):
    _, (model, x, y) = worlds(batch=0)
    z = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    assert (z.shape, z.device) == (x.shape, x.device)


@every_attack
def test_what_lies_elsewhere_is_named(attack, threat, device):
    (model, x, y), (twin, there, y_there) = worlds()
    for call, words in (
        ((model, there, Untargeted(y_there)), rf"x is on {device}:0, the model is on cpu"),
        ((twin, x, Untargeted(y)), rf"x is on cpu, the model is on {device}:0"),
        ((twin, there, Untargeted(labels(4))), rf"y is on cpu, (x is|the logits are) on {device}:0"),
    ):
        with pytest.raises(ValueError, match=words):
            attack.run(*call, threat, **dice(attack))
