"""Answers to `place(patch, x, row, column)`."""

import torch
import torch.nn.functional as F


def reference(patch, x, row, column):
    out = x.clone()
    out[:, :, row : row + patch.shape[1], column : column + patch.shape[2]] = patch
    return out


def by_a_mask(patch, x, row, column):
    (h, w), (height, width) = patch.shape[1:], x.shape[2:]
    around = (column, width - w - column, row, height - h - row)
    return torch.where(F.pad(torch.ones_like(patch), around) > 0, F.pad(patch, around), x)


def image_by_image(p, images, top, left):
    done = []
    for image in images:
        image = image.clone()
        image[:, top : top + p.size(1), left : left + p.size(2)] = p
        done.append(image)
    return torch.stack(done)


def pixel_by_pixel(patch, x, row, column):
    out = x.clone()
    for i in range(patch.shape[1]):
        for j in range(patch.shape[2]):
            out[:, :, row + i, column + j] = patch[:, i, j]
    return out


def from_strips(patch, x, row, column):
    (h, w), p = patch.shape[1:], patch.expand(len(x), -1, -1, -1)
    middle = x[:, :, row : row + h]
    middle = torch.cat([middle[..., :column], p, middle[..., column + w :]], 3)
    return torch.cat([x[:, :, :row], middle, x[:, :, row + h :]], 2)


def in_place(patch, x, row, column):
    x[:, :, row : row + patch.shape[1], column : column + patch.shape[2]] = patch
    return x


def through_a_view(patch, x, row, column):
    out = x.detach()
    out[..., row : row + patch.shape[1], column : column + patch.shape[2]] = patch
    return out


def square_only(patch, x, row, column):
    side = patch.shape[1]
    out = x.clone()
    out[:, :, row : row + side, column : column + side] = patch.reshape(len(patch), side, side)
    return out


def from_behind(patch, x, row, column):
    """Counted from the end, where zero is no end."""
    out, (height, width) = x.clone(), x.shape[2:]
    bottom, right = row + patch.shape[1] - height, column + patch.shape[2] - width
    if bottom and right:
        out[:, :, row:bottom, column:right] = patch
    return out


def into_views(patch, x, row, column):
    out = x.clone()
    for image in out:
        image[:, row : row + patch.shape[1], column : column + patch.shape[2]] = patch
    return out


def two_halves(patch, x, row, column):
    out = reference(patch, x, row, column)
    out[len(x) // 2 :, :, row + 1] = x[len(x) // 2 :, :, row + 1]
    return out


BANK = {
    "the reference": ("ok", reference),
    "by a mask": ("ok", by_a_mask),
    "image by image, other names": ("ok", image_by_image),
    "pixel by pixel": ("ok", pixel_by_pixel),
    "from strips": ("ok", from_strips),
    "the stub": ("not-attempted", lambda patch, x, row, column: ...),
    "a stub for the batch": ("not-attempted", lambda patch, x, row, column: reference(patch, ..., row, column)),
    "in place": ("mutates-input", in_place),
    "through a view": ("mutates-input", through_a_view),
    "a detached patch": ("no-gradient", lambda patch, *args: reference(patch.detach(), *args)),
    "written into views": ("raises-with-a-gradient", into_views),
    "half of it detached": (
        "other-gradient",
        lambda patch, *args: reference(torch.cat([patch[:1].detach(), patch[1:]]), *args),
    ),
    "square only": ("raises", square_only),
    "from behind": ("wrong-elsewhere", from_behind),
    "a row is missing": ("wrong-value", two_halves),
    "the patch alone": ("wrong-shape", lambda patch, x, row, column: patch),
    "one image": ("wrong-shape", lambda *args: reference(*args)[0]),
    "a list of images": ("returns-tuple", lambda *args: list(reference(*args))),
}
