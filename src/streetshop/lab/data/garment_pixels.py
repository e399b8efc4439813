"""Pixel operations on one garment: mask repair, other fabrics, light, warps, blur and occlusion.

Pictures are (h, w, 3) float32 sRGB in 0 ... 1, masks (h, w) bool; all randomness comes from the generator given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from streetshop.core.geometry import Mask

Pixels = NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def luminance(pixels: Pixels) -> NDArray[np.float32]:
    """(h, w) luma of (h, w, 3) pixels."""
    return pixels @ _LUMA


def tidy_mask(mask: Mask) -> Mask:
    """Clean a label mask: drop parts smaller than a fifth of the largest, close cracks, fill holes."""
    radius = max(1, round(0.008 * max(mask.shape)))
    closed = _close(mask, radius)
    parts, count = ndimage.label(closed)
    if count > 1:
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        closed = np.isin(parts, np.flatnonzero(sizes >= 0.2 * sizes.max()))
    return np.asarray(ndimage.binary_fill_holes(closed))


def whole_garment(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """The garment without its occluders.

    Notches left by hands, hair and bags are closed and filled with the nearest fabric. The fabric extends a little over
    the garment's edge, so that a warp shows no background.
    """
    radius = max(2, round(0.05 * np.sqrt(mask.sum())))
    closed = ndimage.binary_fill_holes(_close(mask, radius))
    sure = ndimage.binary_erosion(mask, iterations=2)
    if not sure.any():
        sure = mask
    nearest = ndimage.distance_transform_edt(~sure, return_distances=False, return_indices=True)
    spread = pixels[nearest[0], nearest[1]]
    smooth = np.stack([ndimage.gaussian_filter(spread[..., c], 2.0) for c in range(3)], axis=-1)
    return np.where(sure[..., None], pixels, smooth), np.asarray(closed)


def cloth_patch(pixels: Pixels, mask: Mask, least: int = 36, most: int = 160) -> Pixels | None:
    """A square of evenly lit fabric, or None when no square of ``least`` pixels fits into the garment."""
    inside = ndimage.binary_erosion(mask, iterations=2)
    depth = ndimage.distance_transform_cdt(np.pad(inside, 1), metric="chessboard")[1:-1, 1:-1]
    half = int(depth.max()) - 1
    if 2 * half + 1 < least:
        return None
    y, x = (int(v) for v in np.unravel_index(int(np.argmax(depth)), depth.shape))
    half = min(half, most // 2)
    patch = pixels[y - half : y + half + 1, x - half : x + half + 1]
    light = ndimage.gaussian_filter(luminance(patch), len(patch) / 5, mode="reflect")
    even = patch * (light.mean() / np.maximum(light, 0.02))[..., None]
    return np.clip(even, 0, 1).astype(np.float32)


def reclothe(pixels: Pixels, mask: Mask, patch: Pixels, rng: np.random.Generator) -> Pixels:
    """The garment in the fabric of ``patch``, quilted to size, displaced and shaded by the garment's folds."""
    rows, columns = np.nonzero(mask)
    top, left = int(rows.min()), int(columns.min())
    height, width = int(rows.max()) + 1 - top, int(columns.max()) + 1 - left
    region = (slice(top, top + height), slice(left, left + width))
    inside = mask[region]
    shade = _folds(luminance(pixels[region]), inside)
    scale = rng.uniform(0.85, 1.3)
    margin = 24
    sheet = quilt(patch, int(height / scale) + 2 * margin, int(width / scale) + 2 * margin, rng)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    # The gradient of the shading displaces the pattern along the folds.
    gy, gx = np.gradient(shade)
    y = y / scale + margin + 48 * gy
    x = x / scale + margin + 48 * gx
    cloth = np.stack(
        [ndimage.map_coordinates(sheet[..., c], (y, x), order=1, mode="nearest") for c in range(3)], axis=-1
    )
    edge = ndimage.gaussian_filter(inside.astype(np.float32), 0.7)[..., None]
    dressed = pixels.copy()
    dressed[region] = np.clip(cloth * shade[..., None], 0, 1) * edge + pixels[region] * (1 - edge)
    return dressed


def quilt(patch: Pixels, height: int, width: int, rng: np.random.Generator, tries: int = 16) -> Pixels:
    """A (height, width, 3) sheet of the fabric of ``patch``.

    Efros and Freeman 2001, "Image Quilting": overlapping blocks, joined along the path of least difference.
    """
    block = max(8, int(len(patch) * 0.7))
    overlap = max(2, block // 4)
    step = block - overlap
    rows, columns = -(-(height - overlap) // step), -(-(width - overlap) // step)
    sheet = np.zeros((rows * step + overlap, columns * step + overlap, 3), dtype=np.float32)
    span = len(patch) - block + 1
    for i in range(max(rows, 1)):
        for j in range(max(columns, 1)):
            there = sheet[i * step : i * step + block, j * step : j * step + block]
            above, beside = (overlap if i else 0), (overlap if j else 0)
            starts = rng.integers(0, span, (tries, 2))
            pieces = [patch[y : y + block, x : x + block] for y, x in starts]
            costs = [
                np.square(p[:above] - there[:above]).sum() + np.square(p[:, :beside] - there[:, :beside]).sum()
                for p in pieces
            ]
            piece = pieces[int(np.argmin(costs))]
            difference = np.square(piece - there).sum(axis=-1)
            new = np.ones((block, block), dtype=np.bool_)
            if beside:
                new[:, :beside] &= np.arange(beside) >= _seam(difference[:, :beside])[:, None]
            if above:
                new[:above] &= (np.arange(above) >= _seam(difference[:above].T)[:, None]).T
            there[new] = piece[new]
    return sheet[:height, :width]


def relight(pixels: Pixels, rng: np.random.Generator, strength: float = 1.0) -> Pixels:
    """Change exposure, contrast and white balance, and add a light gradient."""
    # The exposure is limited so that highlights do not clip.
    brightest = max(float(np.quantile(pixels, 0.95)), 0.3)
    exposure = min(np.exp(np.clip(rng.normal(0, 0.18), -0.36, 0.36) * strength), max(1.0, 0.98 / brightest))
    gamma = np.exp(np.clip(rng.normal(0, 0.12), -0.24, 0.24) * strength)
    warmth = rng.normal(0, 0.06 * strength)
    balance = np.array([1 + warmth, 1 + rng.normal(0, 0.02 * strength), 1 - warmth], dtype=np.float32)
    height, width = pixels.shape[:2]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    angle, slope = rng.uniform(0, 2 * np.pi), abs(rng.normal(0, 0.15 * strength))
    field = 1 + slope * (np.cos(angle) * x + np.sin(angle) * y)
    lit = np.clip(pixels, 1e-4, 1) ** gamma * exposure * balance * field[..., None]
    return np.clip(lit, 0, 1).astype(np.float32)


def warp(
    pixels: Pixels, mask: Mask, rng: np.random.Generator, side: int, fill: float = 0.78
) -> tuple[Pixels, NDArray[np.float32]]:
    """The garment alone, rotated, sheared and softly warped, centred in a (side, side) frame.

    Args:
        pixels: (h, w, 3).
        mask: of the garment.
        rng: random generator.
        side: of the frame in pixels.
        fill: longer side of the garment over that of the frame.

    Returns:
        (side, side, 3) pixels and (side, side) coverage in 0 ... 1.
    """
    rows, columns = np.nonzero(mask)
    middle = np.array([(rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2])
    reach = max(np.ptp(rows), np.ptp(columns)) + 1
    turn, shear = np.radians(rng.normal(0, 5)), rng.normal(0, 0.05)
    stretch = np.exp(rng.normal(0, 0.05, 2))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.array([[1, 0], [shear, 1]])
    matrix = matrix @ np.diag(stretch) * (reach / (fill * side))
    if rng.random() < 0.5:
        matrix = matrix @ np.diag([1.0, -1.0])
    grid = np.mgrid[:side, :side].astype(np.float64) - (side - 1) / 2
    source = np.einsum("ij,jyx->iyx", matrix, grid) + middle[:, None, None]
    source += _soft_field(rng, side) * (0.035 * reach)
    smooth = max(0.0, reach / (fill * side) - 1) * 0.5
    layers = [ndimage.gaussian_filter(pixels[..., c], smooth) if smooth > 0.2 else pixels[..., c] for c in range(3)]
    bent = np.stack([ndimage.map_coordinates(layer, source, order=1, mode="nearest") for layer in layers], axis=-1)
    cover = ndimage.gaussian_filter(mask.astype(np.float32), max(smooth, 0.6))
    cover = ndimage.map_coordinates(cover, source, order=1, mode="constant")
    return bent.astype(np.float32), np.clip((cover - 0.3) / 0.5, 0, 1).astype(np.float32)


def on_white(pixels: Pixels, cover: NDArray[np.float32], rng: np.random.Generator) -> Pixels:
    """The garment on a near-white ground, half of the time with a soft shadow."""
    ground = np.full_like(pixels, rng.uniform(0.94, 1.0))
    if rng.random() < 0.5:
        offset = rng.integers(2, 8)
        shadow = ndimage.gaussian_filter(np.roll(cover, offset, axis=0), 5)
        ground *= 1 - 0.25 * shadow[..., None]
    return pixels * cover[..., None] + ground * (1 - cover[..., None])


def blur(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Blur: defocus, motion, or none."""
    kind = rng.random()
    if kind < 0.4:
        return pixels
    if kind < 0.75:
        sigma = rng.uniform(0.5, 1.6)
        return np.stack([ndimage.gaussian_filter(pixels[..., c], sigma) for c in range(3)], axis=-1)
    length = int(rng.integers(3, 8))
    axis = int(rng.integers(0, 2))
    return ndimage.uniform_filter1d(pixels, length, axis=axis)


def hide(pixels: Pixels, mask: Mask, stuff: Pixels, rng: np.random.Generator, most: float = 0.3) -> tuple[Pixels, Mask]:
    """Occlude at most ``most`` of the garment by a strip or blob of ``stuff`` (h, w, 3).

    Returns:
        The picture and the visible mask.
    """
    rows, columns = np.nonzero(mask)
    reach = max(int(np.ptp(rows)), int(np.ptp(columns)), 8)
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    for _ in range(8):
        i = int(rng.integers(len(rows)))
        angle = rng.uniform(0, np.pi)
        along = (x - columns[i]) * np.cos(angle) + (y - rows[i]) * np.sin(angle)
        across = -(x - columns[i]) * np.sin(angle) + (y - rows[i]) * np.cos(angle)
        long, wide = rng.uniform(0.25, 0.9) * reach, rng.uniform(0.06, 0.2) * reach
        shape = (np.abs(along) / long) ** 4 + (np.abs(across + 0.1 * long * np.sin(along / long * 3)) / wide) ** 4 < 1
        if 0.03 <= (shape & mask).sum() / mask.sum() <= most:
            cover = ndimage.gaussian_filter(shape.astype(np.float32), 0.8)[..., None]
            return pixels * (1 - cover) + stuff * cover, mask & ~shape
    return pixels, mask


def _folds(light: NDArray[np.float32], inside: Mask) -> NDArray[np.float32]:
    """Shading factor around 1: the garment's luma with its print smoothed away."""
    sigma = max(1.5, 0.02 * max(light.shape))
    weight = ndimage.gaussian_filter(inside.astype(np.float32), sigma)
    smooth = ndimage.gaussian_filter(np.where(inside, light, 0), sigma) / np.maximum(weight, 1e-3)
    mean = float(light[inside].mean())
    # The offset keeps noise of black fabric from becoming deep folds.
    return np.clip((smooth + 0.12) / (mean + 0.12), 0.45, 1.5).astype(np.float32)


def _soft_field(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """(2, side, side) smooth displacements of about unit size."""
    coarse = rng.normal(size=(2, 5, 5))
    return np.stack([ndimage.zoom(layer, side / 5, order=3, mode="nearest", grid_mode=True) for layer in coarse])


def _seam(cost: NDArray[np.float32]) -> NDArray[np.intp]:
    """(n,) column of the cheapest path through an (n, m) cost from top to bottom, one column aside per row at most."""
    # Plain lists: rows are a dozen numbers long, where NumPy's call overhead dominates.
    total = cost.tolist()
    width = len(total[0])
    for row in range(1, len(total)):
        before, here = total[row - 1], total[row]
        for column in range(width):
            here[column] += min(before[max(column - 1, 0) : column + 2])
    path = [min(range(width), key=total[-1].__getitem__)]
    for here in reversed(total[:-1]):
        last = path[-1]
        path.append(min(range(max(last - 1, 0), min(last + 2, width)), key=here.__getitem__))
    return np.asarray(path[::-1], dtype=np.intp)


def _close(mask: Mask, radius: int) -> Mask:
    """Morphological closing by a disk, by distance transforms: the time does not depend on the radius."""
    padded = np.pad(mask, radius + 1)
    grown = ndimage.distance_transform_edt(~padded) <= radius
    closed = ndimage.distance_transform_edt(grown) > radius
    return np.asarray(closed[radius + 1 : -radius - 1, radius + 1 : -radius - 1] | mask)
