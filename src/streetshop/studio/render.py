"""Renders patches with a camera and a light to linear colours, labels and depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streetshop.studio.camera import Camera, Light
from streetshop.studio.mesh import Array, Patch, dot, grid_triangles, length, normals_and_tangents, turn, unit
from streetshop.studio.raster import Seen, rasterise
from streetshop.studio.tone import LINEAR, box_blur

SHEET, SHEET_METRES = 512, 0.55
_TAPS = np.array([(-0.9, -0.3), (0.3, -0.9), (0.9, 0.3), (-0.3, 0.9), (0.0, 0.0)])
_LAYER = 0.011
"""Bias of one layer in metres."""


@dataclass(slots=True)
class Rendering:
    """A drawn scene.

    Attributes:
        color: (h, w, 3) float32 linear RGB times coverage.
        coverage: (h, w) float32, share of the pixel that the items cover.
        owner: (h, w) int16 item visible at the centre of the pixel, -1 for the background.
        patch: (h, w) int16 patch visible there, -1 for none.
        depth: (h, w) float32 metres, infinity where there is nothing.
    """

    color: Array
    coverage: Array
    owner: NDArray[np.int16]
    patch: NDArray[np.int16]
    depth: Array


class Scene:
    """All patches of a picture, with their meshes, textures and shadow map."""

    def __init__(self, patches: Sequence[Patch], light: Light, shadow_size: int = 256):
        self.patches, self.light = patches, light
        self._mesh()
        self._atlas()
        self._cut = np.array([p.texture.alpha is not None for p in self.patches])
        self._cast(shadow_size)

    def _mesh(self) -> None:
        packed, triangles, patch_of, bias, facing, coarse, coarse_patch = [], [], [], [], [], [], []
        count = 0
        for number, patch in enumerate(self.patches):
            grid = patch.points
            rows, columns = grid.shape[:2]
            n, tu, tv = normals_and_tangents(grid, patch.wrap)
            outwards = 1.0
            if patch.wrap:
                center = grid[:, :-1].mean(axis=1, keepdims=True)
                if float(dot(n, grid - center).sum()) < 0:
                    n = -n
                    outwards = -1.0
            values = np.empty((rows, columns, 14), np.float32)
            values[..., 0] = np.linspace(0, 1, columns)[None]
            values[..., 1] = np.linspace(0, 1, rows)[:, None]
            values[..., 2:5], values[..., 5:8], values[..., 8:11], values[..., 11:14] = grid, n, tu, tv
            packed.append(values.reshape(-1, 14))
            t = grid_triangles(rows, columns)
            triangles.append(t + count)
            rough = grid_triangles(rows, columns, 2)
            coarse.append(rough + count)
            coarse_patch.append(np.full(len(rough), number, np.int16))
            patch_of.append(np.full(len(t), number, np.int16))
            bias.append(np.full(len(t), patch.layer * _LAYER, np.float32))
            # Both triangles of a cell belong to its row.
            row = np.tile(np.repeat(np.arange(rows - 1), columns - 1), 2)
            start, end = patch.lining if patch.two_sided else (0, 0)
            facing.append(np.where((row < start) | (row >= rows - 1 - end), 0.0, outwards).astype(np.float32))
            count += rows * columns
        self.vertices = np.concatenate(packed)
        """(n, 14): u, v, position, normal, directions of growing u and v."""
        self.points = np.ascontiguousarray(self.vertices[:, 2:5])
        self._uv, self._rest = np.ascontiguousarray(self.vertices[:, :2]), np.ascontiguousarray(self.vertices[:, 2:])
        self.triangles = np.concatenate(triangles)
        self._coarse = np.concatenate(coarse)
        self._coarse_patch = np.concatenate(coarse_patch)
        self.patch_of = np.concatenate(patch_of)
        self.bias = np.concatenate(bias)
        self._one_sided = np.concatenate(facing)
        self.layer_owner = np.array([p.owner for p in self.patches], np.int16)

    def _atlas(self) -> None:
        """Put all textures into one flat array, so that the colour of a pixel is one look-up."""
        colors, alphas, reliefs, start = [], [], [], 0
        count = len(self.patches)
        self.base = np.zeros(count, np.int32)
        self.size = np.zeros((count, 2), np.int32)
        self.extent = np.zeros((count, 2), np.float32)
        for number, patch in enumerate(self.patches):
            texture = patch.texture
            height, width = texture.color.shape[:2]
            self.base[number], self.size[number] = start, (width, height)
            start += height * width
            colors.append(texture.color.reshape(-1, 3))
            alphas.append(np.ones(height * width, np.bool_) if texture.alpha is None else texture.alpha.reshape(-1))
            reliefs.append(
                np.zeros(height * width, np.float32) if texture.relief is None else texture.relief.reshape(-1)
            )
            grid = patch.points
            self.extent[number] = (
                length(np.diff(grid, axis=1)).sum(1).mean(),
                length(np.diff(grid, axis=0)).sum(0).mean(),
            )
        self._linear = LINEAR[np.concatenate(colors)]
        self.alpha = np.concatenate(alphas)
        self.relief = np.concatenate(reliefs)
        self._relieved = np.array([p.texture.relief is not None for p in self.patches])

    def _texel(self, patch: NDArray[np.int16], uv: Array) -> NDArray[np.int32]:
        wide, high = self.size[:, 0][patch], self.size[:, 1][patch]
        column = np.clip((uv[:, 0] * wide).astype(np.int32), 0, wide - 1)
        row = np.clip((uv[:, 1] * high).astype(np.int32), 0, high - 1)
        row *= wide
        row += column
        row += self.base[patch]
        return row

    def _keep(
        self, triangles: NDArray[np.int32], patches: NDArray[np.int16]
    ) -> Callable[[NDArray[np.int32], Array, Array], NDArray[np.bool_] | None]:
        def keep(triangle: NDArray[np.int32], b: Array, c: Array) -> NDArray[np.bool_] | None:
            patch = patches[triangle]
            some = np.flatnonzero(self._cut[patch])
            if not len(some):
                return None
            kept = np.ones(len(triangle), np.bool_)
            uv = _blend(self._uv, triangles[triangle[some]], b[some], c[some])
            kept[some] = self.alpha[self._texel(patch[some], uv)]
            return kept

        return keep

    def _cast(self, size: int) -> None:
        """Make the shadow map: the depth seen from the lamp, ``size`` pixels square; 0 for no shadows."""
        self._shadow: Array = np.zeros((size, size), np.float32)
        if not size:
            return
        forward = -self.light.towards
        right = unit(np.cross(np.array([0, 1, 0.01], np.float32), forward))
        down = np.cross(forward, right)
        self._light_axes = np.stack([right, down, forward]).astype(np.float32)
        local = turn(self.points, self._light_axes)
        low, high = local.min(axis=0), local.max(axis=0)
        self._light_low = low[:2]
        self._light_scale = (size - 4) / float((high[:2] - low[:2]).max() + 1e-6)
        self._light_near = float(low[2]) - 1
        xy = (local[:, :2] - low[:2]) * self._light_scale + 2
        seen = rasterise(
            xy,
            local[:, 2] - self._light_near,
            self._coarse,
            np.zeros(len(self._coarse), np.float32),
            size,
            size,
            self._keep(self._coarse, self._coarse_patch),
        )
        self._shadow = seen.depth

    def lit(self, points: Array, bias: float, spread: float) -> Array:
        """(n,) share of the lamp's light that reaches points.

        Args:
            points: (n, 3) metres.
            bias: metres by which a point may lie behind the shadow map and still be lit.
            spread: blur of the shadows in metres.
        """
        if not self._shadow.size:
            return np.ones(len(points), np.float32)
        local = turn(points, self._light_axes)
        xy = (local[:, :2] - self._light_low) * self._light_scale + 2
        distance = local[:, 2] - self._light_near - bias
        size = self._shadow.shape[0]
        total = np.zeros(len(points), np.float32)
        # Python floats keep the arrays float32; a numpy float64 would not.
        for dx, dy in (_TAPS * (spread * self._light_scale)).tolist():
            x = np.clip((xy[:, 0] + dx).astype(np.int32), 0, size - 1)
            y = np.clip((xy[:, 1] + dy).astype(np.int32), 0, size - 1)
            # The outermost pixels are empty, so that points outside are lit.
            total += self._shadow[y, x] >= distance
        return total / len(_TAPS)

    def draw(self, camera: Camera, width: int, height: int) -> Rendering:
        """Draw the scene; each pixel takes four texture samples, and edges are smoothed."""
        xy, depth = camera.project(self.points)
        seen = rasterise(
            xy,
            depth,
            self.triangles,
            self.bias,
            width,
            height,
            self._keep(self.triangles, self.patch_of),
            self._one_sided,
        )
        patch = self.patch_of[seen.triangle]
        color = np.zeros((height * width, 3), np.float32)
        color[seen.pixel] = self._shade(seen, patch, xy, camera)
        flat = np.full(height * width, -1, np.int16)
        flat[seen.pixel] = patch
        label = flat.reshape(height, width)
        owner = np.where(label >= 0, self.layer_owner[label], np.int16(-1))
        color, cover = _smooth_edges(color.reshape(height, width, 3), label)
        return Rendering(color, cover, owner, label, seen.depth)

    def _shade(self, seen: Seen, patch: NDArray[np.int16], xy: Array, camera: Camera) -> Array:
        """(n, 3) linear colour of every covered pixel."""
        corner = self.triangles[seen.triangle]
        uv = _blend(self._uv, corner, seen.b, seen.c)
        albedo = self._albedo(patch, corner, uv, xy)
        light, gloss = self._light_on(seen, corner, patch, uv, camera)
        albedo *= light
        if gloss is not None:
            albedo += gloss
        return albedo

    def _albedo(self, patch: NDArray[np.int16], corner: NDArray[np.int32], uv: Array, xy: Array) -> Array:
        """(n, 3) linear colour of the texture, the mean of four samples per pixel."""
        x, y = (tuple(xy[:, k].take(corner[:, i]) for i in range(3)) for k in range(2))
        u, v = (tuple(self._uv[:, k].take(corner[:, i]) for i in range(3)) for k in range(2))
        area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        area = np.where(np.abs(area) < 1e-6, np.float32(1e-6), area)
        # Change of u and v over a quarter of a pixel to the right and down.
        steps = []
        for w in (u, v):
            one, two = w[1] - w[0], w[2] - w[0]
            right = 0.25 * (one * (y[2] - y[0]) - two * (y[1] - y[0])) / area
            below = 0.25 * (two * (x[1] - x[0]) - one * (x[2] - x[0])) / area
            steps.append((np.clip(right, -0.1, 0.1), np.clip(below, -0.1, 0.1)))
        total = np.zeros((len(patch), 3), np.float32)
        for sx, sy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
            at = np.stack([uv[:, k] + (sx * steps[k][0] + sy * steps[k][1]) for k in range(2)], axis=-1)
            total += self._linear.take(self._texel(patch, at), axis=0)
        return total * np.float32(0.25)

    def _light_on(
        self, seen: Seen, corner: NDArray[np.int32], patch: NDArray[np.int16], uv: Array, camera: Camera
    ) -> tuple[Array, Array | None]:
        """(n, 3) diffuse light on the covered pixels, and their specular reflection or None."""
        values = _blend(self._rest, corner, seen.b, seen.c)
        position, normal = values[:, 0:3], values[:, 3:6]
        slope = self._slope(patch, uv)
        view = unit(camera.position - position)
        inside = dot(normal, view) < 0
        normal[inside] *= -1
        normal = unit(normal - values[:, 6:9] * slope[:, :1] - values[:, 9:12] * slope[:, 1:])
        lamp = self.light
        facing = dot(normal, lamp.towards)
        shade = self.lit(position + normal * 0.018, 0.014, 0.006 + 0.05 * lamp.softness)
        wrapped = np.clip((facing + 0.25 * lamp.softness) / (1 + 0.25 * lamp.softness), 0, 1)
        up = 0.5 + 0.5 * normal[:, 1]
        hidden = self._occlusion(seen)
        light = np.empty((len(patch), 3), np.float32)
        direct = wrapped * shade
        for k in range(3):
            light[:, k] = (lamp.ground[k] + (lamp.sky[k] - lamp.ground[k]) * up) * hidden + lamp.key[k] * direct
        light[inside] *= 0.45
        shine = np.array([p.shine for p in self.patches], np.float32)[patch]
        glossy = np.flatnonzero(shine > 0)
        if not len(glossy):
            return light, None
        gloss = np.zeros_like(light)
        shine = shine[glossy]
        half = unit(view[glossy] + lamp.towards)
        peak = np.clip(dot(normal[glossy], half), 0, 1) ** (12 + 60 * shine) * shade[glossy]
        edge = (1 - np.clip(dot(normal[glossy], view[glossy]), 0, 1)) ** 4
        gloss[glossy] = (lamp.key * (peak * shine)[:, None] + lamp.sky * (edge * shine * 0.35)[:, None]) * 0.8
        return light, gloss

    def _slope(self, patch: NDArray[np.int16], uv: Array) -> Array:
        """(n, 2) slope of the cloth along u and v: small folds and knitted relief."""
        wrinkle = np.array([p.wrinkle for p in self.patches], np.float32)[patch]
        slope = np.zeros((len(patch), 2), np.float32)
        folded = np.flatnonzero(wrinkle > 0)
        if len(folded):
            offset = np.array([p.offset for p in self.patches], np.float32)
            which = patch[folded]
            metres = uv[folded] * self.extent[which] + offset[which]
            cell = (metres * (SHEET / SHEET_METRES)).astype(np.int32) % SHEET
            slope[folded] = wrinkle_sheet()[cell[:, 1], cell[:, 0]] * wrinkle[folded, None]
        knitted = np.flatnonzero(self._relieved[patch])
        if len(knitted):
            last = len(self.relief) - 1
            which = patch[knitted]
            texel = self._texel(which, uv[knitted])
            here = self.relief[texel]
            pitch = (self.extent / self.size)[which]
            right = self.relief[np.minimum(texel + 1, last)]
            below = self.relief[np.minimum(texel + self.size[:, 0][which], last)]
            slope[knitted, 0] += np.clip((right - here) / pitch[:, 0], -1.2, 1.2)
            slope[knitted, 1] += np.clip((below - here) / pitch[:, 1], -1.2, 1.2)
        return slope

    def _occlusion(self, seen: Seen) -> Array:
        """(n,) ambient occlusion: 1 in the open, less where nearer surfaces surround the pixel."""
        step = 4
        depth = seen.depth[::step, ::step]
        solid = np.isfinite(depth)
        if not solid.any():
            return np.ones(len(seen.pixel), np.float32)
        far = float(depth[solid].max()) + 0.3
        filled = np.where(solid, depth, far)
        near = box_blur(np.clip(filled, None, far), max(seen.depth.shape[0] // 256, 2))
        row, column = np.divmod(seen.pixel, seen.depth.shape[1])
        r, q = np.minimum(row // step, depth.shape[0] - 1), np.minimum(column // step, depth.shape[1] - 1)
        own = seen.depth.reshape(-1)[seen.pixel]
        behind = np.clip(own - near[r, q], 0, 0.12)
        return np.asarray(1 - 4.2 * behind, np.float32)


def _blend(values: Array, corner: NDArray[np.int32], b: Array, c: Array) -> Array:
    """(n, k) vertex values interpolated in triangles; ``corner`` holds (n, 3) vertices, ``b`` and ``c`` weights."""
    first, second, third = (values.take(corner[:, k], axis=0) for k in range(3))
    second -= first
    third -= first
    second *= b[:, None]
    third *= c[:, None]
    first += second
    first += third
    return np.asarray(first)


@lru_cache(maxsize=1)
def wrinkle_sheet() -> Array:
    """(SHEET, SHEET, 2) slopes of a seamless wrinkled cloth with folds of several sizes."""
    rng = np.random.default_rng(7)
    fy, fx = np.meshgrid(np.fft.fftfreq(SHEET) * SHEET, np.fft.rfftfreq(SHEET) * SHEET, indexing="ij")
    height = np.zeros((SHEET, SHEET), np.float32)
    for peak, weight in ((3.0, 1.0), (6.0, 0.62), (12.0, 0.2)):
        radius = np.hypot(fx, fy)
        band = np.exp(-(((radius - peak) / (0.45 * peak)) ** 2))
        noise = np.fft.rfft2(rng.standard_normal((SHEET, SHEET)))
        wave = np.fft.irfft2(noise * band, s=(SHEET, SHEET))
        wave /= wave.std()
        # Folds are ridges with flat valleys between them.
        height += weight * (1 - np.tanh(np.abs(wave) * 1.1)) / peak * 3
    height *= 0.0078
    pitch = SHEET_METRES / SHEET
    right = (np.roll(height, -1, axis=1) - height) / pitch
    below = (np.roll(height, -1, axis=0) - height) / pitch
    return np.stack([right, below], axis=-1).astype(np.float32)


def _smooth_edges(color: Array, label: NDArray[np.int16]) -> tuple[Array, Array]:
    """Smooth the pixels next to another patch with weights 1 2 1; returns colour times coverage, and coverage."""
    cover = (label >= 0).astype(np.float32)
    edge = np.zeros(label.shape, np.bool_)
    for axis in (0, 1):
        differs = np.diff(label, axis=axis) != 0
        first, second = [slice(None)] * 2, [slice(None)] * 2
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        edge[tuple(first)] |= differs
        edge[tuple(second)] |= differs
    rows, columns = np.nonzero(edge)
    both = np.concatenate([color, cover[..., None]], axis=-1)
    height, width = label.shape
    mean = np.zeros((len(rows), 4), np.float32)
    for dy, wy in ((-1, 0.25), (0, 0.5), (1, 0.25)):
        for dx, wx in ((-1, 0.25), (0, 0.5), (1, 0.25)):
            mean += both[np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)] * np.float32(wy * wx)
    both[rows, columns] = mean
    return np.ascontiguousarray(both[..., :3]), np.ascontiguousarray(both[..., 3])
