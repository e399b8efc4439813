"""The head and its face."""

from __future__ import annotations

import numpy as np

from streetshop.studio.body import Body
from streetshop.studio.mesh import Array, Patch, Texture, tube
from streetshop.studio.svg import svg

# Outline of the head from the crown down: height (-1 chin to 1 crown), half width, half depth, forward shift.
_HEAD = np.array(
    [
        (1.0, 0.03, 0.03, -0.05), (0.95, 0.36, 0.40, -0.05), (0.82, 0.66, 0.70, -0.05), (0.6, 0.88, 0.92, -0.04),
        (0.3, 0.98, 1.0, -0.02), (0.0, 1.0, 0.97, 0.0), (-0.25, 0.96, 0.90, 0.03), (-0.5, 0.86, 0.80, 0.08),
        (-0.72, 0.70, 0.66, 0.16), (-0.88, 0.50, 0.50, 0.24), (-0.97, 0.28, 0.30, 0.30), (-1.0, 0.04, 0.05, 0.32),
    ]
)  # fmt: skip
HEAD_WIDTH, HEAD_DEPTH, HEAD_HEIGHT = 0.0440, 0.0555, 0.0680
"""Half axes of the head, fractions of body height."""


def head_rings(
    body: Body, grow: float = 1.0, rows: int = 34, low: float = -1.0
) -> tuple[Array, Array, Array, Array, Array]:
    """Heights (1 crown to ``low``), centres, and half axes of rings around the head, ``grow`` times its size."""
    if low >= 0:
        s = np.cos(np.linspace(0, np.arccos(low), rows))
    else:
        upper = np.cos(np.linspace(0, np.pi / 2, rows // 2))
        s = np.concatenate([upper, np.linspace(0, low, rows - rows // 2 + 1)[1:]])
    table = _HEAD[::-1]
    width, depth, shift = (np.interp(s, table[:, 0], table[:, k]) for k in (1, 2, 3))
    tall = body.tall
    up, front = body.head[:, 1], body.head[:, 2]
    centers = body.skull + (s * HEAD_HEIGHT * grow * tall)[:, None] * up + (shift * HEAD_DEPTH * tall)[:, None] * front
    return (
        s.astype(np.float32), centers.astype(np.float32), (width * HEAD_WIDTH * grow * tall).astype(np.float32),
        (depth * HEAD_DEPTH * grow * tall).astype(np.float32), np.full(len(s), 2.15, np.float32),
    )  # fmt: skip


def head(body: Body, owner: int) -> Patch:
    """Skull and face."""
    s, centers, half_x, half_z, exponent = head_rings(body, 1.0, 40)
    points = tube(centers, body.head[:, 0], body.head[:, 2], half_x, half_z, 61, exponent=exponent)
    u = np.linspace(0, 1, 61)[None]
    tall = body.tall
    nose = (
        np.exp(-(((u - 0.5) / 0.022) ** 2))
        * np.interp(s, [-0.32, -0.26, -0.16, 0.14, 0.2], [0, 0.6, 1, 0.25, 0])[:, None]
    )
    lips = np.exp(-(((u - 0.5) / 0.05) ** 2)) * np.exp(-(((s[:, None] + 0.52) / 0.09) ** 2)) * 0.25
    sockets = (np.exp(-(((u - 0.435) / 0.03) ** 2)) + np.exp(-(((u - 0.565) / 0.03) ** 2))) * np.exp(
        -(((s[:, None] - 0.12) / 0.09) ** 2)
    )
    out = (nose * 0.0135 + lips * 0.012 - sockets * 0.0035) * tall
    points += out[..., None].astype(np.float32) * body.head[:, 2]
    ears = np.exp(-(((np.abs(u - 0.5) - 0.262) / 0.022) ** 2)) * np.exp(-(((s[:, None] - 0.0) / 0.2) ** 2))
    sideways = np.sign(0.5 - u) * ears * 0.010 * tall
    points -= sideways[..., None].astype(np.float32) * -body.head[:, 0]
    return Patch(points, face(body), owner, two_sided=False, shine=0.08)


def face(body: Body) -> Texture:
    """The texture of the head: eyes, brows, mouth and cheeks; u = 0.5 is the middle of the face."""
    f = body.figure
    rng = np.random.default_rng(f.seed)
    skin = np.asarray(f.skin, float)

    def tone(scale: float, red: float = 0.0) -> str:
        r, g, b = np.clip(skin * scale + np.array([red, -red * 0.3, -red * 0.2]), 0, 255).astype(int)
        return f"rgb({r},{g},{b})"

    iris = ["#3b2a1e", "#5a4026", "#4a6a7a", "#5d6f4a"][int(rng.integers(4))]
    brow = "rgb({},{},{})".format(*(int(c * 0.7) for c in f.hair_color))
    lip = tone(0.82, 28 + float(rng.uniform(0, 40) * f.curve))
    parts = [f'<rect x="0" y="0" width="240" height="100" fill="{tone(1.0)}"/>']
    for side in (-1, 1):
        x = 120 + side * 15.5
        parts.append(f'<ellipse cx="{120 + side * 20}" cy="62" rx="9" ry="7" fill="{tone(0.97, 12)}" opacity="0.7"/>')
        parts.append(f'<ellipse cx="{x}" cy="45" rx="8.5" ry="5.5" fill="{tone(0.80)}" opacity="0.6"/>')
        parts.append(f'<ellipse cx="{x}" cy="45.5" rx="5.6" ry="2.5" fill="#e9e2da"/>')
        parts.append(
            f'<circle cx="{x}" cy="45.3" r="2.6" fill="{iris}"/><circle cx="{x}" cy="45.3" r="1.3" fill="#0d0a08"/>'
        )
        parts.append(f'<path d="M{x - 7} 45 Q{x} 40.6 {x + 7} 45" stroke="#2a1d18" stroke-width="1.5" fill="none"/>')
        parts.append(f'<path d="M{x - 8} 38.5 Q{x} 34.6 {x + 8} 38.5" stroke="{brow}" stroke-width="2.4" fill="none"/>')
        parts.append(f'<ellipse cx="{120 + side * 3.2}" cy="65.5" rx="1.8" ry="1.1" fill="{tone(0.55)}"/>')
        parts.append(f'<ellipse cx="{120 + side * 63}" cy="52" rx="5" ry="9" fill="{tone(0.86, 8)}"/>')
    smile = float(rng.uniform(-0.5, 2.5))
    parts.append(
        f'<path d="M109 {76 - smile} Q120 72 131 {76 - smile} Q120 {82 + smile} 109 {76 - smile}Z" fill="{lip}"/>'
    )
    parts.append(
        f'<path d="M109 {76 - smile} Q120 {77 + smile} 131 {76 - smile}" stroke="{tone(0.45)}" '
        'stroke-width="0.9" fill="none"/>'
    )
    parts.append(f'<rect x="104" y="84" width="32" height="3" fill="{tone(0.85)}" opacity="0.4"/>')
    if f.curve < 0.35 and rng.random() < 0.5:
        parts.append(
            f'<path d="M84 66 Q88 96 120 97 Q152 96 156 66 Q148 74 134 71 Q120 68 106 71 Q92 74 84 66Z" '
            f'fill="rgb{tuple(int(c) for c in f.hair_color)}" opacity="{rng.uniform(0.35, 0.9):.2f}"/>'
        )
        parts.append(f'<path d="M111 76 Q120 74 129 76 Q120 81 111 76Z" fill="{lip}"/>')
    picture = svg("".join(parts), 240, 100, (0, 0, 240, 100))
    return Texture(np.ascontiguousarray(picture[..., :3]))
