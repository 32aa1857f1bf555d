"""What is written for the playground on a page: settings, points and networks, each as it is here."""

import base64
import json

import numpy as np
import pytest
import torch
from torch import nn

from advcourse import toys
from advcourse.course import living
from advcourse.toys import planar
from advcourse.widgets import Playground
from advcourse.widgets.playground import OWN


@pytest.fixture
def quick(monkeypatch):
    """Every kind of layer, hardly trained."""
    short = [planar.replace(recipe, steps=2) for recipe in toys.RECIPES]
    monkeypatch.setattr(toys, "RECIPES", tuple(short))
    living.trained.cache_clear()
    yield
    living.trained.cache_clear()


def unpacked(text: str) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), np.float32).copy())


def test_what_is_written_is_the_panels_own_without_what_would_train(quick):
    written = json.loads(json.dumps(living.written(["blobs", "moons"])))
    panel = Playground(data="blobs", classifier="linear")
    for name in ("styles", "palette", "norm", "eps", "arrows"):
        assert written[name] == json.loads(json.dumps(getattr(panel, name))), name
    shown = {control["name"]: control for control in written["controls"]}
    assert list(shown) == ["data", "classifier", "norm", "eps", "arrows"]
    assert shown["data"]["options"] == ["blobs", "moons"] and written["data"] == "blobs" and written["own"] == OWN
    assert set(written["scene"]["settings"]) == set(panel.scene["settings"])


def test_points_and_weights_are_exact(quick):
    world = living.written(["blobs"])["worlds"]["blobs"]
    points, labels = living.points_of("blobs")
    assert torch.equal(unpacked(world["points"]).view(-1, 2), points) and world["labels"] == labels.tolist()
    assert list(world["networks"]) == [recipe.name for recipe in toys.RECIPES]
    for name, model in living.trained("blobs").items():
        described = world["networks"][name]
        sent = [v for layer in described for v in layer.values()]
        numbers = torch.cat([unpacked(v) for v in sent if isinstance(v, str) and len(v) > 6])
        state = [v.flatten() for k, v in model.state_dict().items() if k != "c"]
        assert torch.equal(numbers.sort().values, torch.cat(state).sort().values), name


def test_a_layer_that_the_page_cannot_compute_is_refused():
    with pytest.raises(TypeError, match="no layer for ReLU"):
        living.layers(nn.Sequential(nn.Linear(2, 4), nn.ReLU()))


def test_the_script_keeps_its_names_to_itself_and_fetches_nothing(quick, tmp_path):
    script, style = living.write(tmp_path, ["blobs"])
    text = script.read_text(encoding="utf-8")
    assert text.startswith("(() => {\n") and text.endswith("\n})();\n")
    assert not any(word in text for word in ("export ", "import ", "fetch(", "XMLHttpRequest", "src="))
    assert "url(" not in style.read_text(encoding="utf-8")
    assert script.stat().st_size < 80_000
