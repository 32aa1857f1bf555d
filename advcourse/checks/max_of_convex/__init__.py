"""Checks for unit 09, the maximum of convex functions: one file per exercise."""

from ..forms import Form, tensor, true_or_false
from ..verdict import Exercise
from .active_set import check_active_set
from .average_iterate import check_average_iterate
from .counterexample import check_counterexample
from .descends import check_descends
from .shortest_of_two import check_shortest_of_two
from .subgradient import check_subgradient

__all__ = ["EXERCISES"]


def _for_each(of: int, what: str) -> Form:
    """A number for each of an argument, in any precision."""
    return tensor(lambda args: args[of].shape, what)


def _truths(of: int, what: str) -> Form:
    """True or false for each along an argument's first dimension."""
    return true_or_false(lambda args: args[of].shape[:1], what)


EXERCISES = {
    "active_set": Exercise(
        "values, tolerance",
        check_active_set,
        _truths(0, "true or false for each function"),
    ),
    "subgradient": Exercise("functions, w", check_subgradient, _for_each(1, "a number for each variable")),
    "shortest_of_two": Exercise("a, b", check_shortest_of_two, _for_each(0, "a number for each variable")),
    "descends": Exercise(
        "gradients, directions",
        check_descends,
        _truths(1, "true or false for each direction"),
    ),
    "counterexample": Exercise(
        "n", check_counterexample, tensor(lambda args: (2, args[0]), "two gradients, one a row")
    ),
    "average_iterate": Exercise(
        "functions, w, step_size, steps", check_average_iterate, _for_each(1, "a number for each variable")
    ),
}
