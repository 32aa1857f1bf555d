"""Answers as students type them, right and wrong, with the diagnosis each must get.

One file per exercise. `BANK` maps a description to (diagnosis, answer); "ok" stands for an answer that must pass.
"""
