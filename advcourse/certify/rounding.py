"""By how much a network's own arithmetic may miss what its formula says: bounds have to hold for what it answers."""

from dataclasses import dataclass

import torch
from torch import Tensor

# The bounds are computed in double precision. Its own rounding, 2**-53 an operation, is counted much too high, so that
# what cancels in the sums of a bound is covered as well.
OF_BOUNDS = 2.0**-40


@dataclass(frozen=True)
class Arithmetic:
    """Every operation rounds by at most the share `unit` of its result, a product of two numbers by `product` more."""

    unit: float
    product: float = 0.0

    def share(self, terms: int) -> float:
        """By which share of the sum of their sizes a sum of so many products is off, in whatever order it is made.

        n u / (1 - n u): Higham, "Accuracy and Stability of Numerical Algorithms", SIAM 2002, section 3.1.
        """
        grown = terms * self.unit
        return grown / (1 - grown) * (1 + self.product) + self.product if grown < 1 else float("inf")


def arithmetic(weight: Tensor) -> Arithmetic:
    """How a network with such weights computes; a GPU may multiply float32 in TF32, which keeps ten bits."""
    tf32 = weight.is_cuda and (torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32)
    coarse = tf32 and weight.dtype == torch.float32
    return Arithmetic(torch.finfo(weight.dtype).eps / 2 + OF_BOUNDS, 2.0**-9 if coarse else 0.0)
