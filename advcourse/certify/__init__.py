"""What no attack can do: bounds that hold for every z of the threat's set, and samples that are certified by them.

    certify.certified(model, x, y, Linf(0.1))                       # [B]: right, and never read differently
    certify.certified(model, x, y, Linf(0.1), by=certify.intervals) # quicker, and fewer
    certify.margins(model, x, y, Linf(0.1))                         # [B, K]: a_y - a_k is at least this
    certify.radius(model, x, y, L2)                                 # [B]: certified up to here
    certify.smoothed(model, x, sigma=0.25, draws=1000)              # of a vote over noise: labels and l_2 radii

Attacks bound robust accuracy from above, this from below: the truth lies between.
"""

from .bounds import intervals, relaxation
from .samples import certified, interval_margins, margins, radius
from .smoothing import Votes, smoothed

__all__ = ["Votes", "certified", "interval_margins", "intervals", "margins", "radius", "relaxation", "smoothed"]
