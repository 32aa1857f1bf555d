"""Helpers that grade at the same time find what one of them finds by itself."""

from handed_in import FGSM, SETUP, hand_in, notebook

from advcourse.course.grading.grade import FEW, grade
from advcourse.course.grading.tables import summary


def test_two_helpers_grade_a_class(tmp_path):
    steps = {f"{n}.ipynb": notebook(SETUP, FGSM.replace("eps *", f"{n % 2 + 1} * eps *")) for n in range(2 * FEW)}
    whole = grade(hand_in(tmp_path / "class", steps), tmp_path / "report", jobs=2)
    right = {f"{n},04,{1 - n % 2},6," for n in range(2 * FEW)}
    assert set(summary(whole).splitlines()[1:]) == right
