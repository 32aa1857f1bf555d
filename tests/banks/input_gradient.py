"""Answers to `input_gradient(model, x, y)`."""

import copy

import torch
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

import advcourse as adv

from .pieces import gradient, gradient_of, per_sample


def stub(model, x, y):
    """The gradient of the loss."""
    return ...


def stub_with_a_line_before(model, x, y):
    x = x.clone().requires_grad_()
    loss = ...
    return torch.autograd.grad(loss, x)[0]


def stub_used_as_a_tensor(model, x, y):
    loss = ...
    return loss.backward()


def stub_raising(model, x, y):
    raise NotImplementedError


def backward_onto_a_copy_only(model, x, y):
    z = x.clone().requires_grad_(True)
    F.cross_entropy(model(z), y, reduction="sum").backward(inputs=[z])
    return z.grad


def backward_then_cleans_up(model, x, y):
    z = x.detach().clone()
    z.requires_grad = True
    F.cross_entropy(model(z), y, reduction="sum").backward()
    model.zero_grad()
    return z.grad.detach()


def backward_then_zeroes(model, x, y):
    z = x.detach().clone().requires_grad_()
    F.cross_entropy(model(z), y, reduction="sum").backward()
    for p in model.parameters():
        p.grad.zero_()
    return z.grad


def freezes_and_restores(model, x, y):
    flags = [p.requires_grad for p in model.parameters()]
    for p in model.parameters():
        p.requires_grad_(False)
    z = x.clone().requires_grad_()
    F.cross_entropy(model(z), y, reduction="sum").backward()
    for p, flag in zip(model.parameters(), flags):
        p.requires_grad_(flag)
    return z.grad


def evaluates_and_restores(model, x, y):
    was_training = model.training
    model.eval()
    g = gradient(model, x, y)
    model.train(was_training)
    return g


def on_a_copy_of_the_model(model, x, y):
    model = copy.deepcopy(model)
    z = x.clone().requires_grad_()
    F.cross_entropy(model(z), y, reduction="sum").backward()
    return z.grad


def log_softmax_by_hand(model, x, y):
    def loss(v):
        logits = model(v)
        return (logits.logsumexp(1) - logits.gather(1, y[:, None])[:, 0]).sum()

    return gradient_of(loss, x)


def one_hot(model, x, y):
    def loss(v):
        logits = model(v)
        return -(F.one_hot(y, logits.shape[1]) * F.log_softmax(logits, dim=1)).sum()

    return gradient_of(loss, x)


def per_sample_vmap(model, images, labels):
    weights = dict(model.named_parameters()) | dict(model.named_buffers())

    def loss(image, label):
        logits = functional_call(model, weights, (image[None],))
        return F.cross_entropy(logits, label[None])

    return vmap(grad(loss))(images, labels).detach()


def sample_by_sample(model, x, y):
    return torch.cat([gradient(model, x[i : i + 1], y[i : i + 1]) for i in range(len(x))])


def in_float64(model, x, y):
    return gradient(copy.deepcopy(model).double(), x.double(), y).to(x.dtype)


def grad_outputs_of_ones(model, x, y):
    z = x.clone().requires_grad_()
    losses = F.cross_entropy(model(z), y, reduction="none")
    return torch.autograd.grad(losses, z, grad_outputs=torch.ones_like(losses))[0]


def leaves_the_mode_in_training(model, x, y):
    model.train()
    return gradient(copy.deepcopy(model).eval(), x, y)


def leaves_evaluation_mode(model, x, y):
    model.eval()
    return gradient(model, x, y)


def trains_for_a_moment(model, x, y):
    was_training = model.training
    model.train()
    with torch.no_grad():
        model(x)
    model.train(was_training)
    return gradient(model, x, y)


def naive_backward(model, x, y):
    z = x.clone().requires_grad_()
    F.cross_entropy(model(z), y, reduction="sum").backward()
    return z.grad


def backward_onto_the_argument(model, x, y):
    x.requires_grad_()
    F.cross_entropy(model(x), y, reduction="sum").backward(inputs=[x])
    return x.grad


def leaves_a_gradient_on_the_argument(model, x, y):
    x.requires_grad_()
    x.grad = None
    F.cross_entropy(model(x), y, reduction="sum").backward(inputs=[x])
    x.requires_grad_(False)
    return x.grad.clone()


def tracks_the_argument(model, x, y):
    x.requires_grad_()
    return torch.autograd.grad(F.cross_entropy(model(x), y, reduction="sum"), x)[0]


def differentiable_gradient(model, x, y):
    z = x.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(model(z), y, reduction="sum"), z, create_graph=True)[0]


def leaves_the_weights_frozen(model, x, y):
    for p in model.parameters():
        p.requires_grad_(False)
    return gradient(model, x, y)


def trains_the_model(model, x, y):
    g = gradient(model, x, y)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.01)
    return g


def of_the_weights(model, x, y):
    loss = F.cross_entropy(model(x), y, reduction="sum")
    return torch.autograd.grad(loss, next(model.parameters()))[0]


def forgets_the_index(model, x, y):
    z = x.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(model(z), y, reduction="sum"), z)


def only_the_first_sample(model, x, y):
    return gradient_of(lambda v: F.cross_entropy(model(v), y, reduction="none")[0], x)


def logarithm_of_softmax(model, x, y):
    return gradient_of(lambda v: F.nll_loss(model(v).softmax(1).log(), y, reduction="sum"), x)


def logarithm_of_softmax_and_a_bit(model, x, y):
    return gradient_of(lambda v: F.nll_loss((model(v).softmax(1) + 1e-12).log(), y, reduction="sum"), x)


def squared_error_of_probabilities(model, x, y):
    return gradient_of(lambda v: F.mse_loss(model(v).softmax(1), F.one_hot(y, model(v).shape[1]).to(v.dtype)), x)


def averaged_over_the_batch(model, x, y):
    return gradient(model, x, y).mean(0, keepdim=True).expand_as(x).clone()


def mixes_neighbours(model, x, y):
    g = gradient(model, x, y)
    return g + 0.1 * (g.roll(1, 0) if len(g) > 1 else 0)


def reads_the_weights(model, x, y):
    weight = next(iter(model.parameters())).detach()
    logits = model(x).detach()
    residual = logits.softmax(1) - F.one_hot(y, logits.shape[1])
    if weight.shape[1:] != x[0].flatten().shape:
        return torch.zeros_like(x)
    return (residual @ weight).reshape(x.shape)


def blurred(model, x, y):
    g = gradient(model, x, y)
    return (g + g.roll(1, -1)) / 2


def with_a_finite_temperature(model, x, y):
    return gradient_of(lambda v: F.cross_entropy(model(v), y, reduction="sum", label_smoothing=0.1), x)


def switches_layers_off(model, x, y):
    for layer in model.modules():
        if isinstance(layer, (torch.nn.BatchNorm2d, torch.nn.Dropout)):
            layer.eval()
    return gradient(model, x, y)


def central_differences(model, x, y, h=0.001):
    slopes = torch.empty_like(x)
    for i in range(x[0].numel()):
        step = torch.zeros_like(x)
        step.flatten(1)[:, i] = h
        with torch.no_grad():
            up, down = (F.cross_entropy(model(z), y, reduction="none") for z in (x + step, x - step))
        slopes.flatten(1)[:, i] = (up - down) / (2 * h)
    return slopes


BANK = {
    "the reference": ("ok", gradient),
    "backward onto a copy only": ("ok", backward_onto_a_copy_only),
    "backward, then zero_grad": ("ok", backward_then_cleans_up),
    "backward, then zeros in .grad": ("ok", backward_then_zeroes),
    "frozen weights, restored": ("ok", freezes_and_restores),
    "evaluation mode, restored": ("ok", evaluates_and_restores),
    "on a copy of the model": ("ok", on_a_copy_of_the_model),
    "log-softmax by hand": ("ok", log_softmax_by_hand),
    "one-hot labels": ("ok", one_hot),
    "torch.func per sample, other names": ("ok", per_sample_vmap),
    "sample by sample": ("ok", sample_by_sample),
    "in float64": ("ok", in_float64),
    "unreduced loss with weights of one": ("ok", grad_outputs_of_ones),
    "the stub": ("not-attempted", stub),
    "a stub among other lines": ("not-attempted", stub_with_a_line_before),
    "a stub used as a tensor": ("not-attempted", stub_used_as_a_tensor),
    "a stub that raises": ("not-attempted", stub_raising),
    "minus sign": ("minus-sign", lambda m, x, y: -gradient(m, x, y)),
    "minus mean loss": ("minus-sign", lambda m, x, y: -gradient(m, x, y) / len(x)),
    "likelihood loss on logits": ("label-logit", lambda m, x, y: gradient_of(lambda v: F.nll_loss(m(v), y), x)),
    "squared error of probabilities": ("squared-error", squared_error_of_probabilities),
    "sign taken already": ("sign-taken", lambda m, x, y: gradient(m, x, y).sign()),
    "L2 normalised over the batch": ("normalised", lambda m, x, y: gradient(m, x, y) / gradient(m, x, y).norm()),
    "scaled": ("wrong-scale", lambda m, x, y: gradient(m, x, y) * 255),
    "of the weights": ("weight-gradient", of_the_weights),
    "first sample only": ("one-sample-only", only_the_first_sample),
    "second call adds up": ("accumulates", backward_onto_the_argument),
    "logarithm of a softmax": ("unstable-loss", logarithm_of_softmax),
    "logarithm of a softmax and a bit": ("unstable-loss", logarithm_of_softmax_and_a_bit),
    "averaged over the batch": ("couples-samples", averaged_over_the_batch),
    "mixes neighbours": ("couples-samples", mixes_neighbours),
    "reads the weights of a linear model": ("wrong-elsewhere", reads_the_weights),
    "clipped": ("cut-off", lambda m, x, y: gradient(m, x, y).clamp(-0.1, 0.1)),
    "blurred": ("wrong-value", blurred),
    "smoothed labels": ("smoothed-labels", with_a_finite_temperature),
    "smoothed differences": ("imprecise", central_differences),
    "in half precision": ("imprecise", lambda m, x, y: gradient(m, x, y).half()),
    "three decimals": ("imprecise", lambda m, x, y: gradient(m, x, y).round(decimals=3)),
    "only what is classified rightly": (
        "some-samples-only",
        lambda m, x, y: gradient(m, x, y) * per_sample(m(x).argmax(1) == y, x),
    ),
    "the first gradient for all": (
        "couples-samples",
        lambda m, x, y: gradient(m, x, y)[:1].expand_as(x).clone(),
    ),
    "in float64, not back": ("ok", lambda m, x, y: gradient(copy.deepcopy(m).double(), x.double(), y)),
    "batch norm and dropout left in evaluation mode": ("flips-mode", switches_layers_off),
    "the library's": ("ok", lambda m, x, y: adv.input_gradient(m, x, adv.Untargeted(y))),
    "the tuple of autograd.grad": ("returns-tuple", forgets_the_index),
    "backward fills the weights' .grad": ("fills-model-grads", naive_backward),
    "x keeps a .grad": ("fills-input-grad", leaves_a_gradient_on_the_argument),
    "x keeps requires_grad": ("leaves-requires-grad", tracks_the_argument),
    "a differentiable gradient": ("attached", differentiable_gradient),
    "weights stay frozen": ("freezes-weights", leaves_the_weights_frozen),
    "weights changed": ("changes-weights", trains_the_model),
    "left in training mode": ("flips-mode", leaves_the_mode_in_training),
    "left in evaluation mode": ("flips-mode", leaves_evaluation_mode),
    "in training mode for a moment": ("changes-buffers", trains_for_a_moment),
}
