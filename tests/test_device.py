"""Where the tensors live: one environment variable, and messages for names that are none."""

import pytest
import torch

from advcourse import device

NO_GPU = not torch.cuda.is_available()


@pytest.mark.parametrize("unset", [None, "", "  "])
@pytest.mark.parametrize("gpu", [False, True])
def test_unset_means_the_gpu_where_there_is_one(monkeypatch, unset, gpu):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    if unset is None:
        monkeypatch.delenv("ADVCOURSE_DEVICE", raising=False)
    else:
        monkeypatch.setenv("ADVCOURSE_DEVICE", unset)
    assert device() == torch.device("cuda" if gpu else "cpu")


@pytest.fixture
def tf32():
    """Where PyTorch is told whether a GPU may multiply float32 in TF32: allowed, and afterwards as it was."""
    places = torch.backends.cudnn, torch.backends.cuda.matmul
    before = [place.allow_tf32 for place in places]
    for place in places:
        place.allow_tf32 = True
    yield places
    for place, allowed in zip(places, before):
        place.allow_tf32 = allowed


@pytest.mark.parametrize(("name", "gpu", "coarse"), [("cpu", True, True), ("", False, True), ("", True, False)])
def test_on_a_gpu_the_course_multiplies_in_whole_float32(monkeypatch, tf32, name, gpu, coarse):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setenv("ADVCOURSE_DEVICE", name)
    device()
    assert [multiplies.allow_tf32 for multiplies in tf32] == [coarse, coarse]


@pytest.mark.parametrize("name", ["cpu", " cpu "])
def test_the_name_decides_also_where_there_is_a_gpu(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("ADVCOURSE_DEVICE", name)
    assert device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "CUDA", "nvidia", "cuda:x", "0"])
def test_a_name_that_is_no_device_is_refused_with_those_that_are(monkeypatch, name):
    monkeypatch.setenv("ADVCOURSE_DEVICE", name)
    with pytest.raises(ValueError, match=rf"ADVCOURSE_DEVICE='{name}' is no device; use cpu, cuda.* or unset it"):
        device()


@pytest.mark.skipif(not NO_GPU, reason="there is a GPU here")
@pytest.mark.parametrize("name", ["cuda", "cuda:3"])
def test_cuda_without_a_gpu_says_so_and_what_to_set(monkeypatch, name):
    monkeypatch.setenv("ADVCOURSE_DEVICE", name)
    with pytest.raises(
        RuntimeError, match=rf"ADVCOURSE_DEVICE='{name}'.*cannot use it.*set ADVCOURSE_DEVICE=cpu"
    ) as said:
        device()
    assert "\n" not in str(said.value), "one line, not torch's paragraph"


@pytest.mark.skipif(NO_GPU, reason="no GPU here")
def test_cuda_with_a_gpu_is_cuda(monkeypatch):
    monkeypatch.setenv("ADVCOURSE_DEVICE", "cuda")
    assert device() == torch.device("cuda")
    monkeypatch.setenv("ADVCOURSE_DEVICE", f"cuda:{torch.cuda.device_count()}")
    with pytest.raises(RuntimeError, match="cannot use it"):
        device()


@pytest.mark.parametrize("name", ["meta", "hpu", "xla"] + ["mps"] * (not torch.backends.mps.is_available()))
def test_devices_that_torch_knows_but_this_machine_cannot_compute_on_are_refused(monkeypatch, name):
    monkeypatch.setenv("ADVCOURSE_DEVICE", name)
    with pytest.raises(RuntimeError, match=rf"ADVCOURSE_DEVICE='{name}'.*cannot use it"):
        device()
