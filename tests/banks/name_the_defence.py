"""Answers to the exercise `name_the_defence`, each written as a function of a dict of the five numbers."""

NUMBERS = ("clean", "cross_entropy", "margin", "square", "repeat")


def of_five(rule):
    """The rule, a function of the dict, as the exercise wants it: a function of five numbers."""

    def name_the_defence(clean, cross_entropy, margin, square, repeat):
        return rule(dict(zip(NUMBERS, (clean, cross_entropy, margin, square, repeat))))

    return name_the_defence


def reference(seen):
    if seen["repeat"] > 0.5:
        return "random"
    if seen["margin"] < seen["cross_entropy"] - 0.1:
        return "saturated"
    if seen["square"] < min(seen["margin"], seen["cross_entropy"]) - 0.1:
        return "hidden"
    return "honest"


def by_gaps(seen):
    if seen["repeat"] > 0.5:
        return "random"
    if seen["cross_entropy"] - seen["margin"] >= 0.1:
        return "saturated"
    gaps = [seen[loss] - seen["square"] for loss in ("cross_entropy", "margin")]
    return "hidden" if all(gap >= 0.1 for gap in gaps) else "honest"


def with_match(seen):
    match seen:
        case {"repeat": again} if again > 0.5:
            return "random"
        case {"cross_entropy": first, "margin": second} if first - second > 0.1:
            return "saturated"
        case {"cross_entropy": first, "margin": second, "square": third} if (
            third + 0.1 < first and third + 0.1 < second
        ):
            return "hidden"
    return "honest"


def from_the_honest(seen):
    best = min(seen["cross_entropy"], seen["margin"])
    doubts = {
        "random": seen["repeat"] > 0.5,
        "saturated": seen["cross_entropy"] > best + 0.1,
        "hidden": best > seen["square"] + 0.1,
        "honest": True,
    }
    return next(word for word, holds in doubts.items() if holds)


def of(**rules):
    """The rules in this order, each a function of the dict; honest otherwise."""
    return lambda seen: next((word for word, holds in rules.items() if holds(seen)), "honest")


def random(seen):
    return seen["repeat"] > 0.5


def saturated(seen):
    return seen["margin"] < seen["cross_entropy"] - 0.1


def hidden(seen):
    return seen["square"] < min(seen["margin"], seen["cross_entropy"]) - 0.1


def hidden_from(best):
    return lambda seen: seen["square"] < best(seen) - 0.1


def better_than_cross_entropy(seen):
    return seen["square"] < seen["cross_entropy"] - 0.1


def says_nothing(seen):
    if random(seen):
        return "random"


ANSWERS = {
    "the reference": ("ok", reference),
    "by gaps": ("ok", by_gaps),
    "with match": ("ok", with_match),
    "from the honest": ("ok", from_the_honest),
    "the stub": ("not-attempted", lambda seen: ...),
    "a stub for one rule": ("not-attempted", lambda seen: "random" if seen["repeat"] > ... else "honest"),
    "hiding first, by one loss": (
        "loss-called-gradient",
        of(random=random, hidden=better_than_cross_entropy, saturated=saturated),
    ),
    "hiding first": ("loss-called-gradient", of(random=random, hidden=hidden, saturated=saturated)),
    "square against clean": (
        "sees-hiding",
        of(random=random, saturated=saturated, hidden=lambda s: s["square"] < s["clean"] - 0.1),
    ),
    "square a little ahead": (
        "sees-hiding",
        of(random=random, saturated=saturated, hidden=lambda s: s["square"] < s["cross_entropy"]),
    ),
    **{
        f"square against the {which}": ("sees-hiding", of(random=random, saturated=saturated, hidden=hidden_from(best)))
        for which, best in {
            "margin": lambda s: s["margin"],
            "cross entropy": lambda s: s["cross_entropy"],
            "worse attack": lambda s: max(s["cross_entropy"], s["margin"]),
            "mean of both": lambda s: (s["cross_entropy"] + s["margin"]) / 2,
        }.items()
    },
    "square a tenth ahead, almost": (
        "sees-hiding",
        of(
            random=random,
            saturated=saturated,
            hidden=lambda s: s["square"] < min(s["margin"], s["cross_entropy"]) - 0.06,
        ),
    ),
    "losses apart in either direction": (
        "sees-saturation",
        of(random=random, saturated=lambda s: abs(s["margin"] - s["cross_entropy"]) > 0.1, hidden=hidden),
    ),
    "a tenth of the cross entropy": (
        "sees-saturation",
        of(random=random, saturated=lambda s: s["margin"] < 0.9 * s["cross_entropy"], hidden=hidden),
    ),
    "far is 0.15": (
        "misses-saturation",
        of(random=random, saturated=lambda s: s["margin"] < s["cross_entropy"] - 0.15, hidden=hidden),
    ),
    "half of the answers changed": (
        "sees-randomness",
        of(random=lambda s: s["repeat"] >= 0.5, saturated=saturated, hidden=hidden),
    ),
    "hidden only if PGD leaves most": (
        "misses-hiding",
        of(random=random, saturated=saturated, hidden=lambda s: hidden(s) and s["margin"] > 0.5),
    ),
    "a third of the answers changed": (
        "sees-randomness",
        of(random=lambda s: s["repeat"] > 0.3, saturated=saturated, hidden=hidden),
    ),
    "nearly all answers changed": (
        "misses-randomness",
        of(random=lambda s: s["repeat"] > 0.9, saturated=saturated, hidden=hidden),
    ),
    "no look at randomness": ("misses-randomness", of(saturated=saturated, hidden=hidden)),
    "randomness last": ("misses-randomness", of(saturated=saturated, hidden=hidden, random=random)),
    "all answers have to change": (
        "misses-randomness",
        of(random=lambda s: s["repeat"] == 1, saturated=saturated, hidden=hidden),
    ),
    "a single answer that changed": (
        "sees-randomness",
        of(random=lambda s: s["repeat"] > 0, saturated=saturated, hidden=hidden),
    ),
    "no saturation": ("misses-saturation", of(random=random, hidden=lambda s: hidden(s) and not saturated(s))),
    "saturated only at clean": (
        "misses-saturation",
        of(random=random, saturated=lambda s: saturated(s) and s["cross_entropy"] > 0.9, hidden=hidden),
    ),
    "any difference of the losses": (
        "sees-saturation",
        of(random=random, saturated=lambda s: s["margin"] < s["cross_entropy"], hidden=hidden),
    ),
    "saturated if cross entropy gets nothing": (
        "sees-saturation",
        of(random=random, saturated=lambda s: saturated(s) or s["cross_entropy"] > s["clean"] - 0.02, hidden=hidden),
    ),
    "no hiding": ("misses-hiding", of(random=random, saturated=saturated)),
    "hidden only if nothing works": (
        "misses-hiding",
        of(random=random, saturated=saturated, hidden=lambda s: s["margin"] > 0.9 and hidden(s)),
    ),
    "always honest": ("one-for-all", lambda seen: "honest"),
    "a longer word": ("other-word", lambda seen: reference(seen) + " gradients"),
    "a capital": ("other-word", lambda seen: reference(seen).capitalize()),
    "all words that fit": ("returns-no-word", lambda seen: [reference(seen)]),
    "a number": ("returns-no-word", lambda seen: seen["clean"]),
    "no word": ("returns-none", says_nothing),
    "another key": ("raises", lambda seen: seen["pgd"]),
}

BANK = {title: (expected, of_five(rule)) for title, (expected, rule) in ANSWERS.items()}
