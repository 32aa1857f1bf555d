"""Answers to the exercise `diagnose`, each written as a function of a dict of the five numbers."""

NUMBERS = ("clean", "one_step", "one_step_predicted", "iterative", "zero_gradients")


def of_five(rule):
    """The rule, a function of the dict, as the exercise wants it: a function of five numbers."""

    def diagnose(clean, one_step, one_step_predicted, iterative, zero_gradients):
        return rule(dict(zip(NUMBERS, (clean, one_step, one_step_predicted, iterative, zero_gradients))))

    return diagnose


def reference(seen):
    if seen["zero_gradients"] > 0.5:
        return "vanishing"
    if seen["one_step"] > seen["clean"]:
        return "leaking"
    if seen["one_step"] > 0.5 and seen["iterative"] < 0.1:
        return "overfitted"
    return "honest"


def by_ratio(seen):
    if 2 * seen["zero_gradients"] > 1:
        return "vanishing"
    if seen["one_step"] / seen["clean"] > 1:
        return "leaking"
    return "overfitted" if 10 * seen["iterative"] < 1 and 2 * seen["one_step"] > 1 else "honest"


def with_match(seen):
    match seen:
        case {"zero_gradients": flat} if flat > 0.5:
            return "vanishing"
        case {"clean": clean, "one_step": one} if one > clean:
            return "leaking"
        case {"one_step": one, "iterative": many} if one > 0.5 and not many >= 0.1:
            return "overfitted"
    return "honest"


def from_the_honest(seen):
    doubts = {
        "vanishing": seen["zero_gradients"] > 0.5,
        "leaking": seen["one_step"] > seen["clean"],
        "overfitted": seen["iterative"] < 0.1 < 0.5 < seen["one_step"],
        "honest": True,
    }
    return next(word for word, holds in doubts.items() if holds)


def of(**rules):
    """The rules in this order, each a function of the dict; honest otherwise."""
    return lambda seen: next((word for word, holds in rules.items() if holds(seen)), "honest")


def vanishing(seen):
    return seen["zero_gradients"] > 0.5


def leaking(seen):
    return seen["one_step"] > seen["clean"]


def overfitted(seen):
    return seen["one_step"] > 0.5 and seen["iterative"] < 0.1


def falls(seen):
    return seen["iterative"] < 0.2


def drops(seen):
    return seen["one_step"] - seen["iterative"] > 0.5


def says_nothing(seen):
    if falls(seen):
        return "overfitted"


ANSWERS = {
    "the reference": ("ok", reference),
    "by ratio": ("ok", by_ratio),
    "with match": ("ok", with_match),
    "from the honest": ("ok", from_the_honest),
    "the stub": ("not-attempted", lambda seen: ...),
    "a stub for one rule": ("not-attempted", lambda seen: "vanishing" if seen["zero_gradients"] > ... else "honest"),
    "overfitting first": ("leak-called-overfitting", of(vanishing=vanishing, overfitted=overfitted, leaking=leaking)),
    "falls to iterating": ("weak-called-overfitting", of(vanishing=vanishing, leaking=leaking, overfitted=falls)),
    "falls by more than a half": (
        "weak-called-overfitting",
        of(vanishing=vanishing, leaking=leaking, overfitted=drops),
    ),
    "two words exchanged": ("words-exchanged", of(vanishing=vanishing, overfitted=leaking, leaking=overfitted)),
    "vanishing from half on": (
        "sees-vanishing",
        of(vanishing=lambda s: s["zero_gradients"] >= 0.5, leaking=leaking, overfitted=overfitted),
    ),
    "half left counts as a promise": (
        "weak-called-overfitting",
        of(vanishing=vanishing, leaking=leaking, overfitted=lambda s: s["one_step"] >= 0.5 and s["iterative"] < 0.1),
    ),
    "a leak of more than a per cent": (
        "misses-leak",
        of(vanishing=vanishing, leaking=lambda s: s["one_step"] > s["clean"] + 0.01, overfitted=overfitted),
    ),
    "no look at gradients": ("misses-vanishing", of(leaking=leaking, overfitted=overfitted)),
    "vanishing last": ("misses-vanishing", of(leaking=leaking, overfitted=overfitted, vanishing=vanishing)),
    "a single zero": (
        "sees-vanishing",
        of(vanishing=lambda s: s["zero_gradients"] > 0, leaking=leaking, overfitted=overfitted),
    ),
    "no leak": ("misses-leak", of(vanishing=vanishing, overfitted=lambda s: overfitted(s) and not leaking(s))),
    "leak if the predicted label helps": (
        "misses-leak",
        of(
            vanishing=vanishing,
            leaking=lambda s: s["one_step_predicted"] > s["clean"],
            overfitted=lambda s: overfitted(s) and not leaking(s),
        ),
    ),
    "leak where one step takes nothing": (
        "sees-leak",
        of(vanishing=vanishing, leaking=lambda s: s["one_step"] >= s["clean"], overfitted=overfitted),
    ),
    "leak wherever the label matters": (
        "sees-leak",
        of(vanishing=vanishing, leaking=lambda s: s["one_step"] != s["one_step_predicted"], overfitted=overfitted),
    ),
    "no overfitting": ("misses-overfitting", of(vanishing=vanishing, leaking=leaking)),
    "always honest": ("one-for-all", lambda seen: "honest"),
    "a longer word": ("other-word", lambda seen: reference(seen) + " model"),
    "a capital": ("other-word", lambda seen: reference(seen).capitalize()),
    "all words that fit": ("returns-no-word", lambda seen: [reference(seen)]),
    "a number": ("returns-no-word", lambda seen: seen["clean"]),
    "no word": ("returns-none", says_nothing),
    "another key": ("raises", lambda seen: seen["pgd"]),
}

BANK = {title: (expected, of_five(rule)) for title, (expected, rule) in ANSWERS.items()}
