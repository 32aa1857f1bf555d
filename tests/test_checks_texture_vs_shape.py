"""What the checks of unit 03 ask about, and that the library would pass them."""

from __future__ import annotations

from advcourse import conflict
from advcourse.checks import judge
from advcourse.checks.texture_vs_shape.shape_bias import FIRST, OTHERS, trials


def test_the_trials_come_to_the_counts_they_are_made_from():
    for counts in (FIRST, *OTHERS.values()):
        found = conflict.shape_bias(*trials(counts))
        assert (found.shape, found.texture, found.other) == (counts.shape, counts.texture, counts.neither)
        assert found.congruent == counts.congruent_right + counts.congruent_wrong


def test_the_library_would_pass():
    assert judge("patch_shuffle", conflict.patch_shuffle).status == "passed"
    assert judge("gram", conflict.gram).status == "passed"
    assert judge("shape_bias", lambda d, s, t: conflict.shape_bias(d, s, t).bias).status == "passed"
