"""Answers to `name_the_evaluation(own, fresh, mean)`."""


def reference(own, fresh, mean):
    if fresh - own > 0.1:
        return "one draw"
    if fresh - mean > 0.1:
        return "drowned"
    return "sound"


def a_chain(a, b, c):
    return "one draw" if b > a + 0.1 else "drowned" if b > c + 0.1 else "sound"


def a_table(own, fresh, mean):
    signs = [("one draw", fresh - own), ("drowned", fresh - mean), ("sound", 1.0)]
    return next(name for name, gap in signs if gap > 0.1)


def from_the_end(own, fresh, mean):
    verdict = "sound"
    if mean < fresh - 0.1:
        verdict = "drowned"
    if own < fresh - 0.1:
        verdict = "one draw"
    return verdict


def mean_first(own, fresh, mean):
    return "drowned" if fresh - mean > 0.1 else "one draw" if fresh - own > 0.1 else "sound"


def never(word, instead):
    def answer(own, fresh, mean):
        said = reference(own, fresh, mean)
        return instead if said == word else said

    return answer


def finer(share):
    """Too strict about new draws."""

    def answer(own, fresh, mean):
        return "one draw" if fresh - own > share else "drowned" if fresh - mean > 0.1 else "sound"

    return answer


def stricter(own, fresh, mean):
    return "one draw" if fresh - own > 0.1 else "drowned" if fresh - mean > 0.01 else "sound"


def not_less_than_a_tenth(own, fresh, mean):
    return "one draw" if fresh - own >= 0.1 else "drowned" if fresh - mean >= 0.1 else "sound"


def exchanged(own, fresh, mean):
    return {"one draw": "drowned", "drowned": "one draw", "sound": "sound"}[reference(own, fresh, mean)]


def forgets(own, fresh, mean):
    if fresh - own > 0.1:
        return "one draw"


BANK = {
    "the reference": ("ok", reference),
    "a chain, other names": ("ok", a_chain),
    "a table": ("ok", a_table),
    "from the end": ("ok", from_the_end),
    "the stub": ("not-attempted", lambda own, fresh, mean: ...),
    "a stub for the gap": ("not-attempted", lambda own, fresh, mean: "sound" if ... + 1 else "drowned"),
    "the mean first": ("mean-asked-first", mean_first),
    "no draw is seen": ("misses-one-draw", never("one draw", "sound")),
    "every draw is seen": ("sees-one-draw", finer(0.02)),
    "a tenth itself": ("sees-one-draw", not_less_than_a_tenth),
    "two words exchanged": ("words-exchanged", exchanged),
    "nothing drowns": ("misses-drowning", never("drowned", "sound")),
    "much drowns": ("sees-drowning", stricter),
    "sound to the last": ("one-for-all", lambda *args: "sound"),
    "forgets the rest": ("returns-none", forgets),
    "a flag": ("returns-no-word", lambda own, fresh, mean: fresh - own > 0.1),
    "another word": ("other-word", lambda *args: "naive"),
}
