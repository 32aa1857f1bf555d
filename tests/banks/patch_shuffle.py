"""Answers to `patch_shuffle(x, grid, generator)`."""

import torch
import torch.nn.functional as F


def pieces(x, grid):
    """[B, C, H, W] -> [B, grid * grid, C, h, w]."""
    b, c, h, w = x.shape
    cut = x.reshape(b, c, grid, h // grid, grid, w // grid).permute(0, 2, 4, 1, 3, 5)
    return cut.flatten(1, 2)


def whole(patches, grid):
    b, _, c, h, w = patches.shape
    rows = patches.view(b, grid, grid, c, h, w).permute(0, 3, 1, 4, 2, 5)
    return rows.reshape(b, c, grid * h, grid * w)


def reference(x, grid, generator):
    patches = pieces(x, grid)
    order = torch.stack([torch.randperm(grid * grid, generator=generator) for _ in x])
    return whole(torch.stack([image[one] for image, one in zip(patches, order)]), grid)


def with_loops(x, grid, generator):
    h, w = x.shape[2] // grid, x.shape[3] // grid
    z = torch.empty_like(x)
    for b in range(len(x)):
        for to, come in enumerate(torch.randperm(grid**2, generator=generator).tolist()):
            i, j, k, m = to // grid * h, to % grid * w, come // grid * h, come % grid * w
            z[b, :, i : i + h, j : j + w] = x[b, :, k : k + h, m : m + w]
    return z


def by_chunks(images, n, g):
    out = []
    for image in images:
        cut = [part for strip in image.chunk(n, 1) for part in strip.chunk(n, 2)]
        dealt = [cut[i] for i in torch.randperm(n * n, generator=g)]
        out.append(torch.cat([torch.cat(dealt[i * n : (i + 1) * n], 2) for i in range(n)], 1))
    return torch.stack(out)


def by_unfold(x, grid, generator):
    b, (h, w) = len(x), x.shape[2:]
    size = (h // grid, w // grid)
    columns = torch.nn.functional.unfold(x, size, stride=size)
    order = torch.rand(b, 1, grid * grid, generator=generator).argsort(2).expand_as(columns)
    return torch.nn.functional.fold(columns.gather(2, order), (h, w), size, stride=size)


def one_order(x, grid, generator):
    return whole(pieces(x, grid)[:, torch.randperm(grid * grid, generator=generator)], grid)


def pixels(x, grid, generator):
    flat = x.flatten(2)
    order = torch.rand(len(x), 1, flat.shape[2], generator=generator).argsort(2)
    return flat.gather(2, order.expand_as(flat)).view_as(x)


def grid_is_size(x, grid, generator):
    return reference(x, x.shape[2] // grid, generator)


def always_four(x, grid, generator):
    return reference(x, 4, generator)


def each_channel(x, grid, generator):
    return torch.cat([reference(x[:, c : c + 1], grid, generator) for c in range(x.shape[1])], 1)


def forgets_to_permute_back(x, grid, generator):
    patches = pieces(x, grid)
    order = torch.stack([torch.randperm(grid * grid, generator=generator) for _ in x])
    return torch.stack([image[one] for image, one in zip(patches, order)]).reshape(x.shape)


def blocks_of_memory(x, grid, generator):
    flat = x.reshape(*x.shape[:2], grid * grid, -1)
    return torch.stack([one[:, torch.randperm(grid * grid, generator=generator)] for one in flat]).view_as(x)


def turned(x, grid, generator):
    patches = pieces(x, grid)
    order = torch.stack([torch.randperm(grid * grid, generator=generator) for _ in x])
    dealt = torch.stack([image[one] for image, one in zip(patches, order)])
    return whole(dealt.rot90(1, (3, 4)) if dealt.shape[3] == dealt.shape[4] else dealt, grid)


def of_all_images(x, grid, generator):
    patches = pieces(x, grid)
    flat = patches.flatten(0, 1)
    return whole(flat[torch.randperm(len(flat), generator=generator)].view_as(patches), grid)


def rows(x, grid, generator):
    patches = pieces(x, grid).unflatten(1, (grid, grid))
    order = [torch.randperm(grid, generator=generator) for _ in x]
    return whole(torch.stack([image[one] for image, one in zip(patches, order)]).flatten(1, 2), grid)


def columns(x, grid, generator):
    patches = pieces(x, grid).unflatten(1, (grid, grid))
    order = [torch.randperm(grid, generator=generator) for _ in x]
    return whole(torch.stack([image[:, one] for image, one in zip(patches, order)]).flatten(1, 2), grid)


def with_replacement(x, grid, generator):
    patches = pieces(x, grid)
    order = torch.randint(grid * grid, (len(x), grid * grid), generator=generator)
    return whole(torch.stack([image[one] for image, one in zip(patches, order)]), grid)


def globally(x, grid, generator):
    order = torch.rand(len(x), grid * grid).argsort(1)
    return whole(torch.stack([image[one] for image, one in zip(pieces(x, grid), order)]), grid)


def fixed_seed(x, grid, generator):
    return reference(x, grid, torch.Generator().manual_seed(0))


def first_only(x, grid, generator):
    return torch.cat([reference(x[:1], grid, generator), x[1:]])


def reseeded(x, grid, generator):
    return reference(x, grid, generator.manual_seed(generator.initial_seed()))


def square_only(x, grid, generator):
    size = x.shape[2] // grid
    cut = x.unfold(2, size, size).unfold(3, size, size)
    b, c, m, n, _, _ = cut.shape
    patches = cut.permute(0, 2, 3, 1, 4, 5).flatten(1, 2)
    order = torch.rand(b, m * n, generator=generator).argsort(1)
    dealt = torch.stack([image[one] for image, one in zip(patches, order)])
    return dealt.view(b, m, n, c, size, size).permute(0, 3, 1, 4, 2, 5).reshape(x.shape)


def colour_only(x, grid, generator):
    return reference(x, grid, generator) if x.shape[1] == 3 else 1 / 0


def averages(x, grid, generator):
    return whole(reference_patches(x, grid, generator).mean((3, 4), keepdim=True).expand_as(pieces(x, grid)), grid)


def reference_patches(x, grid, generator):
    return pieces(reference(x, grid, generator), grid)


def in_place(x, grid, generator):
    return x.copy_(reference(x, grid, generator))


def swaps_two(x, grid, generator):
    z = x.clone()
    h, w = x.shape[2] // grid, x.shape[3] // grid
    for image, old in zip(z, x):
        (a, b), (c, d) = (divmod(int(k), grid) for k in torch.randperm(grid * grid, generator=generator)[:2])
        for i, j, k, l in ((a, b, c, d), (c, d, a, b)):  # noqa: E741
            image[:, i * h : (i + 1) * h, j * w : (j + 1) * w] = old[:, k * h : (k + 1) * h, l * w : (l + 1) * w]
    return z


def shuffles_the_first_half(x, grid, generator):
    size = (x.shape[2] // grid, x.shape[3] // grid)
    parts, half = F.unfold(x, size, stride=size), grid * grid // 2
    orders = [[*torch.randperm(half, generator=generator).tolist(), *range(half, grid * grid)] for _ in x]
    return F.fold(torch.stack([part[:, order] for part, order in zip(parts, orders)]), x.shape[2:], size, stride=size)


def rolls(x, grid, generator):
    by = torch.randint(grid * grid, (len(x),), generator=generator).tolist()
    return whole(torch.stack([part.roll(n, 0) for part, n in zip(pieces(x, grid), by)]), grid)


def last_patch_rests(x, grid, generator):
    rows = pieces(x, grid).clone()
    for row in rows:
        row[:-1] = row[torch.randperm(len(row) - 1, generator=generator)]
    return whole(rows, grid)


def rolls_one_order_on(x, grid, generator):
    order = torch.randperm(grid * grid, generator=generator)
    return whole(torch.stack([row[order.roll(i)] for i, row in enumerate(pieces(x, grid))]), grid)


def strided(x, grid):
    """Every grid-th pixel, [B, grid * grid, C, h, w]."""
    return x.unflatten(3, (-1, grid)).unflatten(2, (-1, grid)).permute(0, 3, 5, 1, 2, 4).flatten(1, 2)


def shuffled(parts, generator):
    return torch.stack([part[torch.randperm(len(part), generator=generator)] for part in parts])


def at_a_stride(x, grid, generator):
    parts = shuffled(strided(x, grid), generator).unflatten(1, (grid, grid))
    return parts.permute(0, 3, 4, 1, 5, 2).flatten(4).flatten(2, 3)


def cut_at_a_stride(x, grid, generator):
    return whole(shuffled(strided(x, grid), generator), grid)


BANK = {
    "the reference": ("ok", reference),
    "with loops": ("ok", with_loops),
    "by chunks": ("ok", by_chunks),
    "by unfold": ("ok", by_unfold),
    "the stub": ("not-attempted", lambda x, grid, generator: ...),
    "a stub for the order": ("not-attempted", lambda x, grid, generator: pieces(x, grid) * ...),
    "unchanged": ("unchanged", lambda x, grid, g: x.clone()),
    "cut and put together": ("unchanged", lambda x, grid, g: whole(pieces(x, grid), grid)),
    "one order for all": ("one-order-for-all", one_order),
    "pixels": ("another-grid", pixels),
    "grid as size": ("another-grid", grid_is_size),
    "always four": ("another-grid", always_four),
    "each channel by itself": ("tears-colours-apart", each_channel),
    "no permuting back": ("mixes-everything", forgets_to_permute_back),
    "blocks of memory": ("patches-fall-apart", blocks_of_memory),
    "pixels at a stride": ("pixels-at-a-stride", at_a_stride),
    "cut at a stride": ("pixels-at-a-stride", cut_at_a_stride),
    "patches turned": ("tears-patches", turned),
    "patches of all images": ("mixes-images", of_all_images),
    "rows": ("moves-lines", rows),
    "columns": ("moves-lines", columns),
    "with replacement": ("drawn-with-replacement", with_replacement),
    "averages": ("new-pixels", averages),
    "noise": ("new-pixels", lambda x, grid, g: torch.rand(x.shape, generator=g)),
    "the global randomness": ("ignores-generator", globally),
    "a seed of its own": ("always-the-same", fixed_seed),
    "the first image alone": ("not-every-image", first_only),
    "sets the generator back": ("reseeds", reseeded),
    "square patches only": ("wrong-elsewhere", square_only),
    "colour only": ("wrong-elsewhere", colour_only),
    "three by three": ("wrong-elsewhere", lambda x, grid, g: reference(x, 3, g)),
    "in place": ("mutates-input", in_place),
    "the patches": ("wrong-shape", lambda x, grid, g: pieces(x, grid)),
    "the last patch rests": ("places-that-rest", last_patch_rests),
    "one order rolled on": ("orders-follow-each-other", rolls_one_order_on),
    "a roll": ("shifts-in-a-ring", rolls),
    "two patches change places": ("hardly-shuffles", swaps_two),
    "the second half rests": ("hardly-shuffles", shuffles_the_first_half),
}
