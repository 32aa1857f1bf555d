"""The face detector: that its weights came in right is seen on photographs, and its squares are cut where they say."""

import sys

import pytest
import torch
from skimage import data
from torch import Tensor

from advcourse import Hide, Linf, models, pgd
from advcourse.detection import crop, looking_at, squares_around


@pytest.fixture(scope="module")
def detector() -> models.FaceDetector:
    return models.face_detector()


@pytest.fixture(scope="module")
def astronaut() -> Tensor:
    """[1, 3, 512, 512] in [0, 1]."""
    return torch.from_numpy(data.astronaut()).permute(2, 0, 1)[None].float() / 255


FACE = torch.tensor([165.0, 60.0, 285.0, 180.0])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_astronaut_has_a_face_and_her_knee_and_flag_are_none(detector, astronaut):
    with torch.no_grad():
        look = looking_at(detector, torch.stack([FACE, FACE + 200, torch.tensor([20.0, 20.0, 140.0, 140.0])]))
        face, knee, flag = look(astronaut)[0].sigmoid().tolist()
        output = detector.output(crop(astronaut, FACE)).sigmoid().item()
    assert face > 0.999 and output > 0.9995 and knee < 0.1 and flag < 0.1


def test_real_faces_are_told_from_what_is_none(detector):
    """100 faces of Labeled Faces in the Wild and 100 crops beside them: area under the ROC curve."""
    x = torch.from_numpy(data.lfw_subset()).float()[:, None].expand(-1, 3, -1, -1)
    with torch.no_grad():
        for part in (detector, detector.refine, detector.output):
            score = part(x)
            assert (score[:100, None] > score[None, 100:]).float().mean() > 0.99
            assert (score[:100] > 0).float().mean() > 0.95 and (score[100:] < 0).float().mean() > 0.95


def test_a_face_passes_where_both_stages_say_so(detector):
    x = torch.rand(5, 3, 30, 30, generator=seeded())
    with torch.no_grad():
        both = torch.stack([detector.refine(x), detector.output(x)])
        assert torch.equal(detector(x), both.amin(0))
        torch.testing.assert_close(detector(x), torch.cat([detector(one[None]) for one in x]), rtol=1e-4, atol=1e-4)
    assert not any(module.training for module in detector.modules())


def test_a_face_can_be_hidden(detector, astronaut):
    face = crop(astronaut, FACE)
    z = pgd(detector, face, Hide(), Linf(16 / 255), steps=20, step_size=3 / 255, generator=seeded())
    assert Hide().reached(detector(z)).all() and not Hide().reached(detector(face)).any()


def test_a_square_is_cut_where_it_says():
    x = torch.rand(2, 3, 20, 30, generator=seeded())
    got = crop(x, torch.tensor([4.0, 3.0, 14.0, 13.0]), side=10)
    torch.testing.assert_close(got, x[:, :, 3:13, 4:14], rtol=0, atol=1e-5)
    over = crop(x, torch.tensor([-5.0, 0.0, 5.0, 10.0]), side=10)
    torch.testing.assert_close(over[..., :5], x[:, :, :10, :1].expand(-1, -1, -1, 5), rtol=0, atol=1e-5)


def test_squares_lie_around_the_one():
    around = squares_around(torch.tensor([10.0, 20.0, 30.0, 40.0]), shift=0.1, scale=2.0)
    assert around.shape == (27, 4) and around.mean(0).tolist() == pytest.approx([8.33, 18.33, 31.67, 41.67], abs=0.01)
    assert (around[:, 2] - around[:, 0]).unique().tolist() == [10, 20, 40]
    assert around[13].tolist() == [10, 20, 30, 40]


def test_looking_keeps_pictures_and_squares_apart(detector):
    x = torch.rand(2, 3, 60, 60, generator=seeded())
    squares = torch.tensor([[0.0, 0, 40, 40], [10, 20, 50, 60], [5, 5, 30, 30]])
    with torch.no_grad():
        seen = looking_at(detector, squares)(x)
        one = [[detector(crop(x[i : i + 1], square)).item() for square in squares] for i in range(2)]
    torch.testing.assert_close(seen, torch.tensor(one), rtol=1e-4, atol=1e-4)


def test_tampered_faces_are_refused_before_they_are_unpickled(tmp_path, monkeypatch):
    weights = bytearray(models.packaged("mtcnn", "assets", "weights", "rnet.lz4").read_bytes())
    weights[len(weights) // 2] ^= 1
    (tmp_path / "rnet.lz4").write_bytes(weights)
    monkeypatch.setattr(models, "packaged", lambda *parts: tmp_path / parts[-1])
    monkeypatch.setattr("joblib.load", lambda *a, **k: pytest.fail("an unknown pickle was opened"))
    with pytest.raises(ValueError, match=r"rnet\.lz4 .*not the file this course knows.*install version 1\.0\.0 again"):
        models.face_detector()


def test_nothing_of_the_package_is_imported():
    models.face_detector()
    assert "mtcnn" not in sys.modules and "tensorflow" not in sys.modules
