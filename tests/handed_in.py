"""Notebooks as students hand them in, for the tests of grading."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading needs os.fork: Linux, macOS or WSL")

SETUP = "import torch\nimport torch.nn.functional as F\nimport advcourse as adv\nfrom advcourse import check"
FGSM = '''def fgsm(model, x, y, eps):
    """One step uphill."""
    z = x.detach().clone().requires_grad_()
    g, = torch.autograd.grad(F.cross_entropy(model(z), y, reduction="sum"), z)
    return (x + eps * g.sign()).clamp(0, 1)'''
PROJECT = '''def project(z, x, eps):
    """Nearest point of ball and box."""
    return torch.minimum(torch.maximum(z, x - eps), x + eps).clamp(0, 1)'''
CHECKS = ("check.fgsm(fgsm)", "check.project(project)")


def cell(source: str, **more: object) -> dict:
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return {**code, "source": source.splitlines(keepends=True), **more}


def notebook(*cells: str | dict, **metadata: object) -> dict:
    """Code cells, each with its id."""
    made = [{"id": f"cell-{i}", **(c if isinstance(c, dict) else cell(c))} for i, c in enumerate(cells)]
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def good(*extra: str | dict, fgsm: str | dict = FGSM, project: str | dict = PROJECT, setup: str = SETUP) -> dict:
    """Two right answers of unit 04, each followed by its check; `extra` cells come last."""
    return notebook(setup, fgsm, CHECKS[0], project, CHECKS[1], *extra)


def text(made: dict) -> str:
    return json.dumps(made, indent=1, ensure_ascii=False)


def hand_in(folder: Path, files: dict[str, dict | str | bytes]) -> Path:
    """Files by their path below the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = text(content) if isinstance(content, dict) else content
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
