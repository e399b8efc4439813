"""Camera and light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streetshop.studio.mesh import Array, turn


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera.

    Attributes:
        position: (3,) metres.
        pitch: degrees it looks down.
        focal: pixels.
        center: (x, y) pixels where the optical axis meets the picture.
        roll: degrees it is tilted.
    """

    position: Array
    pitch: float
    focal: float
    center: tuple[float, float]
    roll: float = 0.0

    def axes(self) -> Array:
        """(3, 3) rows: right, down and forward in the world."""
        p, r = np.radians(self.pitch), np.radians(self.roll)
        right = np.array([1, 0, 0], np.float32)
        down = np.array([0, -np.cos(p), np.sin(p)], np.float32)
        forward = np.array([0, -np.sin(p), -np.cos(p)], np.float32)
        return np.stack([right * np.cos(r) + down * np.sin(r), down * np.cos(r) - right * np.sin(r), forward]).astype(
            np.float32
        )

    def project(self, points: Array) -> tuple[Array, Array]:
        """Project (n, 3) metres to (n, 2) pixels; also the (n,) distance along the axis."""
        local = turn(points - self.position, self.axes())
        depth = np.maximum(local[:, 2], 1e-3)
        xy = local[:, :2] * (self.focal / depth)[:, None] + np.asarray(self.center, np.float32)
        return xy.astype(np.float32), local[:, 2].astype(np.float32)

    def rays(self, x: Array, y: Array) -> Array:
        """(n, 3) directions through pixels, not of unit length."""
        cx, cy = self.center
        local = np.stack([(x - cx) / self.focal, (y - cy) / self.focal, np.ones_like(x)], axis=-1)
        return turn(local, self.axes().T)


@dataclass(frozen=True, slots=True)
class Light:
    """One sun or lamp and ambient light, in linear RGB.

    Attributes:
        towards: (3,) unit direction to the lamp.
        key: (3,) colour of the lamp.
        sky: (3,) colour of the light from above.
        ground: (3,) colour of the light from below.
        softness: 0 (hard shadows) to 1 (hardly any).
    """

    towards: Array
    key: Array
    sky: Array
    ground: Array
    softness: float = 0.3
