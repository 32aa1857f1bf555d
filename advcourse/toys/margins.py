"""Four trainings of one small network of the plane, which differ by what they minimise and so by their margins."""

from functools import partial

from advcourse.attacks.gradient import pgd
from advcourse.threats import L2
from advcourse.toys.planar import Recipe, perceptron
from advcourse.training import large_margin_loss, madry_loss, mma_loss, standard_loss


def trainings(gamma: float) -> dict[str, Recipe]:
    """By name: cross entropy, and three that are asked for margins of gamma, in l_2 and units of the box [-1, 1]^2.

    gamma is the first-order margin of "large margin", the largest distance of "MMA" and the radius of "Madry".
    """
    attack = partial(pgd, threat=L2(gamma, lo=-1, hi=1), steps=4, step_size=gamma / 2, random_start=False)
    losses = {
        "cross entropy": standard_loss,
        "large margin": partial(large_margin_loss, norm=L2, gamma=gamma),
        "MMA": partial(mma_loss, attack=attack, norm=L2, largest=gamma, halvings=5, share=2 / 3),
        "Madry": partial(madry_loss, attack=attack),
    }
    return {name: Recipe(name, partial(perceptron, width=32), loss, steps=210) for name, loss in losses.items()}
