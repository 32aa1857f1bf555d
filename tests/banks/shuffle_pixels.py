"""Answers to `shuffle_pixels(x, generator)`."""

import torch


def reference(x, generator):
    flat = x.flatten(2)
    order = torch.stack([torch.randperm(flat.shape[2], generator=generator) for _ in x])
    return flat.gather(2, order[:, None].expand_as(flat)).view_as(x)


def image_by_image(x, generator):
    out = []
    for image in x:
        order = torch.randperm(image[0].numel(), generator=generator)
        out.append(image.flatten(1)[:, order].reshape(image.shape))
    return torch.stack(out)


def by_sorting_noise(images, g):
    b, c, h, w = images.shape
    order = torch.rand(b, h * w, generator=g).argsort(1)
    return torch.take_along_dim(images.reshape(b, c, h * w), order[:, None], 2).reshape(b, c, h, w)


def in_a_copy(x, generator):
    z = x.clone()
    for i in range(len(z)):
        order = torch.randperm(z.shape[2] * z.shape[3], generator=generator)
        z[i] = x[i].reshape(z.shape[1], -1)[:, order].reshape(z[i].shape)
    return z


def one_order(x, generator):
    flat = x.flatten(2)
    return flat[:, :, torch.randperm(flat.shape[2], generator=generator)].view_as(x)


def each_channel(x, generator):
    flat = x.flatten(0, 1).flatten(1)
    order = torch.rand(flat.shape, generator=generator).argsort(1)
    return flat.gather(1, order).view_as(x)


def all_of_an_image(x, generator):
    flat = x.flatten(1)
    return flat.gather(1, torch.rand(flat.shape, generator=generator).argsort(1)).view_as(x)


def everything(x, generator):
    return x.flatten()[torch.randperm(x.numel(), generator=generator)].view_as(x)


def pixels_of_all_images(x, generator):
    flat = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
    b, c, h, w = x.shape
    return flat[torch.randperm(len(flat), generator=generator)].view(b, h, w, c).permute(0, 3, 1, 2)


def images_of_the_batch(x, generator):
    return reference(x, generator)[torch.randperm(len(x), generator=generator)].roll(1, 0)


def rows(x, generator):
    return torch.stack([image[:, torch.randperm(x.shape[2], generator=generator)] for image in x])


def columns(x, generator):
    return torch.stack([image[..., torch.randperm(x.shape[3], generator=generator)] for image in x])


def within_rows(x, generator):
    return torch.cat([reference(x[:, :, i : i + 1], generator) for i in range(x.shape[2])], 2)


def rows_and_columns(x, generator):
    return rows(columns(x, generator), generator)


def with_replacement(x, generator):
    flat = x.flatten(2)
    order = torch.randint(flat.shape[2], (len(x), 1, flat.shape[2]), generator=generator)
    return flat.gather(2, order.expand_as(flat)).view_as(x)


def half(x, generator):
    z = x.clone()
    z[..., : x.shape[3] // 2] = reference(x[..., : x.shape[3] // 2], generator)
    return z


def globally(x, generator):
    order = torch.rand(len(x), x[0, 0].numel()).argsort(1)
    return torch.take_along_dim(x.flatten(2), order[:, None], 2).view_as(x)


def fixed_seed(x, generator):
    return reference(x, torch.Generator().manual_seed(0))


def reseeded(x, generator):
    return reference(x, generator.manual_seed(generator.initial_seed()))


def square_only(x, generator):
    return image_by_image(x, generator) if x.shape[2] == x.shape[3] else x.clone()


def colour_only(x, generator):
    return reference(x, generator) if x.shape[1] == 3 else 1 / 0


def eight_by_eight(x, generator):
    return torch.stack([image.reshape(3, 64)[:, torch.randperm(64, generator=generator)].view(3, 8, 8) for image in x])


def in_place(x, generator):
    return x.copy_(reference(x, generator))


def rolls(x, generator):
    by = torch.randint(1, x[0, 0].numel(), (len(x),), generator=generator).tolist()
    return torch.stack([image.flatten(1).roll(n, 1).view_as(image) for image, n in zip(x, by)])


def rolls_one_order_on(x, generator):
    order = torch.randperm(x[0, 0].numel(), generator=generator)
    return torch.stack([image.flatten(1)[:, order.roll(i)].view_as(image) for i, image in enumerate(x)])


def one_order_for_two(x, generator):
    """The images come in pairs."""
    n, pairs = x[0, 0].numel(), (len(x) + 1) // 2
    drawn = torch.stack([torch.randperm(n, generator=generator) for _ in range(pairs)]).repeat_interleave(2, 0)
    return torch.take_along_dim(x.flatten(2), drawn[: len(x), None], 2).view_as(x)


def last_one_rests(x, generator):
    z = x.flatten(2).clone()
    for image in z:
        image[:, :-1] = image[:, torch.randperm(image.shape[1] - 1, generator=generator)]
    return z.view_as(x)


def last_image_rests(x, generator):
    return torch.cat([image_by_image(x[:-1], generator), x[-1:]]) if len(x) > 3 else image_by_image(x, generator)


BANK = {
    "the reference": ("ok", reference),
    "image by image": ("ok", image_by_image),
    "by sorting noise": ("ok", by_sorting_noise),
    "in a copy": ("ok", in_a_copy),
    "the stub": ("not-attempted", lambda x, generator: ...),
    "a stub for the order": ("not-attempted", lambda x, generator: x.flatten(2)[:, :, ...] * ...),
    "unchanged": ("unchanged", lambda x, g: x.clone()),
    "one order for all": ("one-order-for-all", one_order),
    "each channel by itself": ("tears-colours-apart", each_channel),
    "all numbers of an image": ("mixes-channels", all_of_an_image),
    "all numbers": ("mixes-everything", everything),
    "pixels of all images": ("mixes-images", pixels_of_all_images),
    "images too": ("mixes-images", images_of_the_batch),
    "rows": ("moves-lines", rows),
    "columns": ("moves-lines", columns),
    "rows and columns": ("moves-lines", rows_and_columns),
    "within each row": ("moves-lines", within_rows),
    "upside down": ("moves-lines", lambda x, g: x.flip(2)),
    "half of the image": ("moves-few", half),
    "with replacement": ("drawn-with-replacement", with_replacement),
    "noise": ("new-pixels", lambda x, g: torch.rand(x.shape, generator=g)),
    "noise added": ("new-pixels", lambda x, g: (x + 0.1 * torch.randn(x.shape, generator=g)).clamp(0, 1)),
    "the global randomness": ("ignores-generator", globally),
    "a seed of its own": ("always-the-same", fixed_seed),
    "sets the generator back": ("reseeds", reseeded),
    "squares only": ("wrong-elsewhere", square_only),
    "colour only": ("wrong-elsewhere", colour_only),
    "eight by eight": ("wrong-elsewhere", eight_by_eight),
    "a roll": ("moves-lines", rolls),
    "one order rolled on": ("orders-follow-each-other", rolls_one_order_on),
    "one order for two": ("orders-follow-each-other", one_order_for_two),
    "the last pixel rests": ("places-that-rest", last_one_rests),
    "returns in its loop": ("not-every-image", lambda x, g: torch.cat([reference(x[:1], g), x[1:]])),
    "the last image rests": ("not-every-image", last_image_rests),
    "in place": ("mutates-input", in_place),
    "flat": ("wrong-shape", lambda x, g: reference(x, g).flatten(2)),
}
