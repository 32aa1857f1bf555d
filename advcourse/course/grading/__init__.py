"""Grading a class: notebooks are collected, every function is asked in a process of its own, verdicts are formed here.

`collect` finds whose notebook is where, `cells` reads it, `extract` takes a function with what it needs out of it.
`zygote` starts processes with `worker` in them, `room` shuts their doors, `wire` is the only way between us and them.
`candidate` stands here for the function there, `grade` lets the checks ask it, `report` writes it down.
"""
