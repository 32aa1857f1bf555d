"""Answers to `robust_accuracy(model, x, y, attacks)`."""

import torch

from advcourse import Targeted, Untargeted


def right(model, x, y):
    with torch.no_grad():
        return model(x).argmax(1) == y


def under(model, x, y, attacks):
    """Who is right under each attack, as rows."""
    return [right(model, attack(model, x, Untargeted(y)), y) for attack in attacks]


def reference(model, x, y, attacks):
    alive = right(model, x, y)
    for attack in attacks:
        alive = alive & right(model, attack(model, x, Untargeted(y)), y)
    return alive.double().mean().item()


def survivors_only(model, x, y, attacks):
    total = len(x)
    keep = right(model, x, y)
    x, y = x[keep], y[keep]
    for attack in attacks:
        keep = right(model, attack(model, x, Untargeted(y)), y)
        x, y = x[keep], y[keep]
    return len(x) / total


def one_by_one(net, images, labels, adversaries):
    count = 0
    for i in range(len(images)):
        image, label = images[i : i + 1], labels[i : i + 1]
        tried = [image] + [attack(net, image, Untargeted(label)) for attack in adversaries]
        count += all(bool(net(z).argmax(1) == label) for z in tried)
    return torch.tensor(count / len(images))


def stacked(model, x, y, attacks):
    rows = [right(model, x, y), *under(model, x, y, attacks)]
    return torch.stack(rows).all(0).double().mean()


def share(flags):
    return flags.double().mean().item()


def chained(model, x, y, attacks):
    z, alive = x, right(model, x, y)
    for attack in attacks:
        z = attack(model, z, Untargeted(y))
        alive &= right(model, z, y)
    return share(alive)


def by(count):
    """count(clean, rows): of who is right when clean, and under each attack."""
    return lambda m, x, y, attacks: count(right(m, x, y), under(m, x, y, attacks))


def without_clean(clean, rows):
    return share(torch.stack(rows).all(0))


def overwritten(model, x, y, attacks):
    alive = right(model, x, y)
    for attack in attacks:
        alive = right(model, attack(model, x, Untargeted(y)), y)
    return share(alive)


def overwritten_but_clean(model, x, y, attacks):
    clean = right(model, x, y)
    for attack in attacks:
        alive = clean & right(model, attack(model, x, Untargeted(y)), y)
    return share(alive)


def returns_in_the_loop(model, x, y, attacks):
    alive = right(model, x, y)
    for attack in attacks:
        alive &= right(model, attack(model, x, Untargeted(y)), y)
        return share(alive)


def told(goal_of):
    def answer(model, x, y, attacks):
        alive = right(model, x, y)
        for attack in attacks:
            alive &= right(model, attack(model, x, goal_of(model, x, y)), y)
        return share(alive)

    return answer


def survivors_with_all_labels(model, x, y, attacks):
    alive = right(model, x, y).nonzero()[:, 0]
    for attack in attacks:
        z = attack(model, x[alive], Untargeted(y))
        alive = alive[right(model, z, y[alive])]
    return len(alive) / len(x)


def survivors_with_first_labels(model, x, y, attacks):
    alive = right(model, x, y).nonzero()[:, 0]
    for attack in attacks:
        z = attack(model, x[alive], Untargeted(y[: len(alive)]))
        alive = alive[right(model, z, y[alive])]
    return len(alive) / len(x)


def forgiving(clean, rows):
    return share(torch.stack([row | ~clean for row in rows]).all(0))


BANK = {
    "the reference": ("ok", reference),
    "survivors only": ("ok", survivors_only),
    "one by one, other names": ("ok", one_by_one),
    "stacked": ("ok", stacked),
    "the stub": ("not-attempted", lambda model, x, y, attacks: ...),
    "a stub in the loop": ("not-attempted", lambda m, x, y, attacks: sum(... + 1 for _ in attacks)),
    "mean of the attacks": ("average-over-attacks", by(lambda clean, rows: share(torch.stack(rows)))),
    "some attack leaves it": ("best-case", by(lambda clean, rows: share(torch.stack(rows).any(0)))),
    "returns in the loop": ("first-attack-only", returns_in_the_loop),
    "overwritten, but clean": ("last-attack-only", overwritten_but_clean),
    "without clean": ("forgives-clean-mistakes", by(without_clean)),
    "only attacks' successes": ("forgives-clean-mistakes", by(forgiving)),
    "chained": ("attacks-the-attacked", chained),
    "all of it without gradients": ("gradients-off", torch.no_grad()(reference)),
    "on predictions": ("attacks-predictions", told(lambda m, x, y: Untargeted(m(x).argmax(1)))),
    "targeted": ("targeted-goal", told(lambda m, x, y: Targeted(y))),
    "labels for a goal": ("goal-is-no-goal", told(lambda m, x, y: y)),
    "all labels for some": ("goal-for-others", survivors_with_all_labels),
    "first labels for some": ("labels-of-others", survivors_with_first_labels),
    "a constant": ("wrong-value", lambda *args: 0.77),
    "needs an attack": ("wrong-elsewhere", lambda *args: reference(*args) if args[3] else 0.0),
    "a share for each": ("wrong-shape", lambda *args: torch.stack([right(*args[:3])]).double()),
}
