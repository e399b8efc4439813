"""Backgrounds: a street, shops, a wall, a park, a room, a crossing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from streetshop.studio.cloth import hexed
from streetshop.studio.mesh import Array
from streetshop.studio.prints import lettering, word

_WALLS = (
    (196, 182, 160), (214, 204, 188), (176, 164, 150), (150, 92, 72),
    (168, 120, 92), (136, 138, 140), (198, 200, 200), (222, 214, 196),
    (120, 112, 104), (186, 152, 120), (108, 100, 98), (206, 190, 170),
)  # fmt: skip
_CARS = (
    (30, 31, 34), (58, 60, 64), (140, 143, 147), (196, 198, 200), (232, 232, 230),
    (120, 26, 28), (34, 52, 92), (86, 92, 84), (150, 130, 96),
)  # fmt: skip
_SIGNS = (
    (44, 52, 60), (120, 32, 36), (30, 70, 60), (26, 46, 88),
    (70, 56, 44), (200, 190, 170), (34, 34, 36), (176, 128, 48),
)  # fmt: skip


def _one_of(palette: tuple[tuple[int, int, int], ...], rng: np.random.Generator, spread: float = 9) -> Array:
    """(3,) a colour near a random one of the palette."""
    base = np.asarray(palette[int(rng.integers(len(palette)))], float)
    return np.asarray(base + rng.normal(0, spread) + rng.normal(0, spread * 0.5, 3), np.float32)


def any_color(rng: np.random.Generator, low: float, high: float, spread: float = 25) -> str:
    """``#rrggbb`` of a random grey of ``low`` to ``high`` (0-255) with noise of ``spread`` per channel."""
    return hexed(np.full(3, rng.uniform(low, high)) + rng.normal(0, spread, 3))


def _ground(w: float, h: float, y: float, rng: np.random.Generator) -> list[str]:
    base = np.full(3, rng.uniform(95, 175)) + rng.normal(0, 8, 3)
    parts = [f'<rect x="0" y="{y:.1f}" width="{w:.1f}" height="{h - y:.1f}" fill="{hexed(base)}"/>']
    kind = int(rng.integers(3))
    if kind == 0:  # flagstones in perspective
        for k in range(9):
            yy = y + (h - y) * (k / 9) ** 1.8
            parts.append(
                f'<path d="M0 {yy:.1f} H{w:.1f}" stroke="{hexed(base, 0.75)}" stroke-width="{0.15 + 0.05 * k:.2f}"/>'
            )
        parts += [
            f'<path d="M{w / 2 + (x - w / 2) * 0.25:.1f} {y:.1f} L{w / 2 + (x - w / 2) * 2:.1f} {h}" '
            f'stroke="{hexed(base, 0.78)}" stroke-width=".3"/>'
            for x in np.linspace(-w, 2 * w, 15)
        ]
    elif kind == 1:  # cobbles
        for _ in range(150):
            t = rng.random() ** 0.6
            parts.append(
                f'<ellipse cx="{rng.uniform(0, w):.1f}" cy="{y + t * (h - y):.1f}" '
                f'rx="{0.6 + 1.8 * t:.1f}" ry="{0.3 + 0.9 * t:.1f}" '
                f'fill="{hexed(base, float(rng.uniform(0.75, 1.15)))}"/>'
            )
    else:  # asphalt with a kerb
        parts.append(
            f'<path d="M0 {y + (h - y) * 0.3:.1f} L{w:.1f} {y + (h - y) * 0.22:.1f} v1.6 L0 '
            f'{y + (h - y) * 0.3 + 2:.1f} Z" fill="{hexed(base, 1.25)}"/>'
        )
    for _ in range(int(rng.integers(2, 7))):
        parts.append(
            f'<ellipse cx="{rng.uniform(0, w):.1f}" cy="{rng.uniform(y, h):.1f}" '
            f'rx="{rng.uniform(2, 12):.1f}" ry="{rng.uniform(0.4, 2):.1f}" '
            f'fill="{hexed(base, float(rng.uniform(0.8, 1.1)))}" opacity=".6"/>'
        )
    return parts


def _facade(x: float, top: float, wide: float, bottom: float, rng: np.random.Generator) -> list[str]:
    base = _one_of(_WALLS, rng)
    parts = [f'<rect x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{bottom - top:.1f}" fill="{hexed(base)}"/>']
    columns, step = max(int(wide / rng.uniform(5, 9)), 1), float(rng.uniform(8, 13))
    glass = hexed(base * 0.3 + np.array([20, 30, 45]))
    for r in np.arange(top + 2, bottom - 14, step):
        for c in range(columns):
            cx = x + (c + 0.25) * wide / columns
            fill = glass if rng.random() < 0.8 else "#e8d9a8"
            parts.append(
                f'<rect x="{cx:.1f}" y="{r:.1f}" width="{wide / columns * 0.5:.1f}" '
                f'height="{step * 0.6:.1f}" fill="{fill}" stroke="{hexed(base, 1.2)}" stroke-width=".5"/>'
            )
    # A shop on the ground floor.
    shop = hexed(_one_of(_SIGNS, rng))
    parts.append(
        f'<rect x="{x + wide * 0.06:.1f}" y="{bottom - 13:.1f}" width="{wide * 0.88:.1f}" height="13" fill="{glass}"/>'
    )
    parts.append(f'<rect x="{x:.1f}" y="{bottom - 16:.1f}" width="{wide:.1f}" height="3.4" fill="{shop}"/>')
    parts.append(
        f'<g transform="translate({x + wide / 2:.1f} {bottom - 14.2:.1f})">'
        f"{lettering(word(rng), wide * 0.5, '#f3efe6', 1.0)}</g>"
    )
    return parts


def _passers(w: float, y: float, rng: np.random.Generator, count: int) -> list[str]:
    """People in the distance."""
    parts = []
    for _ in range(count):
        k, x = float(rng.uniform(0.10, 0.26)), float(rng.uniform(0, w))
        base, top, legs, skin = (
            y + 60 * k * 0.45,
            any_color(rng, 30, 180, 18),
            any_color(rng, 25, 110, 12),
            hexed(np.array([205, 160, 130]) * rng.uniform(0.5, 1.1)),
        )
        parts.append(
            f'<g transform="translate({x:.1f} {base:.1f}) scale({k:.3f})"><path d="M-7 0 L-5 -42 H5 L8 '
            f'0 H3 L0 -32 L-3 0 Z" fill="{legs}"/>'
            '<path d="M-8 -40 L-10 -70 Q0 -80 10 -70 L8 -40 Z M-10 -70 L-13 -42 L-10 -42 Z M10 -70 '
            f'L13 -42 L10 -42 Z" fill="{top}"/>'
            f'<circle cy="-82" r="6.5" fill="{skin}"/><path d="M-6.5 -83 a6.5 6.5 0 0 1 13 0 Z" fill="#2b211c"/></g>'
        )
    return parts


def a_car(x: float, y: float, k: float, rng: np.random.Generator) -> str:
    """A car standing at (x, y), ``k`` times 40 units long."""
    color = hexed(_one_of(_CARS, rng))
    return (
        f'<g transform="translate({x:.1f} {y:.1f}) scale({k:.2f})"><path d="M-20 0 V-7 Q-19 -9 -12 '
        f'-10 L-7 -16 H8 L14 -10 Q21 -9 21 -5 V0 Z" fill="{color}"/>'
        '<path d="M-10 -10 L-6 -15 H0 V-10 Z M1.5 -10 V-15 H7.5 L12 -10 Z" fill="#27323c"/>'
        '<circle cx="-12" cy="0" r="4" fill="#17171a"/><circle cx="13" cy="0" r="4" '
        'fill="#17171a"/>'
        '<circle cx="-12" cy="0" r="1.8" fill="#9a9ca0"/><circle cx="13" cy="0" r="1.8" fill="#9a9ca0"/></g>'
    )


def _tree(x: float, y: float, k: float, rng: np.random.Generator) -> list[str]:
    green = np.array([rng.uniform(40, 110), rng.uniform(90, 150), rng.uniform(30, 70)])
    parts = [f'<path d="M{x - k} {y} L{x - 0.5 * k} {y - 22 * k} h{k} L{x + k} {y} Z" fill="#4b3a2c"/>']
    parts += [
        f'<circle cx="{x + rng.normal(0, 6) * k:.1f}" cy="{y - (28 + rng.normal(0, 7)) * k:.1f}" '
        f'r="{rng.uniform(2, 5) * k:.1f}" fill="{hexed(green, float(rng.uniform(0.6, 1.25)))}"/>'
        for _ in range(26)
    ]
    return parts


def _street(w: float, h: float, y: float, rng: np.random.Generator) -> list[str]:
    sky = hexed(np.array([176, 196, 220]) + rng.normal(0, 18) + rng.normal(0, 6, 3))
    parts = [f'<rect width="{w:.1f}" height="{h}" fill="{sky}"/>']
    x = -float(rng.uniform(0, 20))
    while x < w:
        wide = float(rng.uniform(18, 42))
        parts += _facade(x, float(rng.uniform(-30, y * 0.55)), wide, y + 1, rng)
        x += wide
    for _ in range(int(rng.integers(0, 3))):
        parts += _tree(float(rng.uniform(0, w)), y + 2, float(rng.uniform(0.7, 1.3)), rng)
    parts += _ground(w, h, y, rng)
    parts += [
        a_car(float(rng.uniform(0, w)), y + float(rng.uniform(2, 6)), float(rng.uniform(0.5, 1.1)), rng)
        for _ in range(int(rng.integers(0, 4)))
    ]
    parts += _passers(w, y, rng, int(rng.integers(1, 7)))
    if rng.random() < 0.6:
        px = float(rng.uniform(0, w))
        parts.append(
            f'<rect x="{px:.1f}" y="{y - 45:.1f}" width="1" height="50" fill="#3d4144"/><circle '
            f'cx="{px + 0.5:.1f}" cy="{y - 42:.1f}" r="4.5" fill="#c23030"/><rect x="{px - 2.2:.1f}" '
            f'y="{y - 42.8:.1f}" width="5.4" height="1.6" fill="#fff"/>'
        )
    return parts


def _shops(w: float, h: float, y: float, rng: np.random.Generator) -> list[str]:
    base = _one_of(_WALLS, rng) * 0.8
    parts = [f'<rect width="{w:.1f}" height="{h}" fill="{hexed(base)}"/>']
    x = -float(rng.uniform(0, 30))
    while x < w:
        wide = float(rng.uniform(28, 50))
        glass = hexed(np.array([70, 80, 88]) + rng.normal(0, 18, 3))
        parts.append(
            f'<rect x="{x + 2:.1f}" y="{y - 62:.1f}" width="{wide - 4:.1f}" height="62" fill="{glass}" '
            f'stroke="{hexed(base, 0.6)}" stroke-width="1.4"/>'
        )
        parts += [
            f'<rect x="{x + rng.uniform(3, wide - 9):.1f}" y="{y - rng.uniform(8, 58):.1f}" '
            f'width="{rng.uniform(2, 8):.1f}" height="{rng.uniform(3, 14):.1f}" '
            f'fill="{any_color(rng, 60, 235, 28)}"/>'
            for _ in range(int(rng.integers(3, 9)))
        ]
        parts.append(
            f'<path d="M{x + 4:.1f} {y - 60:.1f} l{wide * 0.3:.1f} 0 l-{wide * 0.2:.1f} 58 '
            f'h-{wide * 0.1:.1f} Z" fill="#fff" opacity=".12"/>'
        )
        sign = hexed(_one_of(_SIGNS, rng))
        parts.append(
            f'<rect x="{x:.1f}" y="{y - 74:.1f}" width="{wide:.1f}" height="11" fill="{sign}"/><g '
            f'transform="translate({x + wide / 2:.1f} {y - 68.5:.1f})">'
            f"{lettering(word(rng), wide * 0.6, '#f6f2ea', 1.1)}</g>"
        )
        x += wide
    parts += _ground(w, h, y, rng) + _passers(w, y, rng, int(rng.integers(0, 4)))
    return parts


def _wall(w: float, h: float, y: float, rng: np.random.Generator) -> list[str]:
    base = _one_of(_WALLS, rng)
    parts = [f'<rect width="{w:.1f}" height="{h}" fill="{hexed(base)}"/>']
    kind = int(rng.integers(3))
    if kind == 0:  # bricks
        base = np.array([rng.uniform(130, 185), rng.uniform(70, 110), rng.uniform(55, 90)])
        parts = [f'<rect width="{w:.1f}" height="{h}" fill="#b9b0a4"/>']
        for r, yy in enumerate(np.arange(0, y, 3.2)):
            parts += [
                f'<rect x="{x:.1f}" y="{yy:.1f}" width="7" height="2.7" '
                f'fill="{hexed(base, float(rng.uniform(0.8, 1.15)))}"/>'
                for x in np.arange(-3.75 * (r % 2), w, 7.5)
            ]
    elif kind == 1:  # shutters and posters
        parts += [
            f'<path d="M0 {yy:.1f} H{w:.1f}" stroke="{hexed(base, 0.8)}" stroke-width=".8"/>'
            for yy in np.arange(0, y, 2.6)
        ]
    for _ in range(int(rng.integers(1, 5)) if kind else int(rng.integers(0, 3))):
        px, py, pw, ph = rng.uniform(0, w), rng.uniform(4, y * 0.6), rng.uniform(10, 20), rng.uniform(12, 26)
        parts.append(
            f'<rect x="{px:.1f}" y="{py:.1f}" width="{pw:.1f}" height="{ph:.1f}" '
            f'fill="{any_color(rng, 60, 230, 28)}"/><circle cx="{px + pw / 2:.1f}" '
            f'cy="{py + ph * 0.4:.1f}" r="{pw * 0.3:.1f}" fill="{any_color(rng, 60, 230, 38)}"/><g '
            f'transform="translate({px + pw / 2:.1f} {py + ph * 0.85:.1f})">'
            f"{lettering(word(rng), pw * 0.7, '#1c1c20', 1.2)}</g>"
        )
    if rng.random() < 0.4:
        parts.append(
            f'<g transform="translate({rng.uniform(10, w - 10):.1f} {rng.uniform(8, y - 10):.1f}) '
            f'rotate({rng.uniform(-14, 14):.0f}) scale(1.2)">'
            f"{lettering(word(rng), 34, any_color(rng, 60, 220, 70), 1.8)}</g>"
        )
    return parts + _ground(w, h, y, rng)


def _park(w: float, h: float, y: float, rng: np.random.Generator) -> list[str]:
    parts = [
        f'<rect width="{w:.1f}" height="{h}" '
        f'fill="{hexed(np.array([185, 206, 226]) + rng.normal(0, 14) + rng.normal(0, 5, 3))}"/>'
    ]
    for k in np.sort(rng.uniform(0.5, 2.2, 9)):
        parts += _tree(float(rng.uniform(-5, w + 5)), y + 2 * k, float(k), rng)
    grass = np.array([rng.uniform(80, 120), rng.uniform(125, 160), rng.uniform(60, 80)])
    parts.append(f'<rect y="{y:.1f}" width="{w:.1f}" height="{h - y:.1f}" fill="{hexed(grass)}"/>')
    parts += [
        f'<path d="M{rng.uniform(0, w):.1f} {rng.uniform(y, h):.1f} q.3 -1.5 .8 -2" '
        f'stroke="{hexed(grass, float(rng.uniform(0.7, 1.25)))}" stroke-width=".5" fill="none"/>'
        for _ in range(160)
    ]
    parts.append(
        f'<path d="M{w * 0.35:.1f} {y:.1f} L{w * -0.1:.1f} {h} H{w * 0.9:.1f} L{w * 0.42:.1f} '
        f'{y:.1f} Z" fill="#b7aa92"/>'
    )
    if rng.random() < 0.5:
        bx = float(rng.uniform(5, w - 25))
        parts.append(
            f'<g transform="translate({bx:.1f} {y + 4:.1f})" fill="#6b4a2e"><rect width="24" '
            'height="1.6" y="-6"/><rect width="24" height="1.6" y="-9"/><rect width="24" height="1.8" '
            'y="-2"/><rect x="1" width="1.2" height="8" y="-9"/><rect x="22" width="1.2" height="8" '
            'y="-9"/></g>'
        )
    return parts + _passers(w, y, rng, int(rng.integers(0, 4)))


def _room(w: float, h: float, y: float, rng: np.random.Generator) -> list[str]:
    base = np.array([rng.uniform(170, 235)] * 3) + rng.normal(0, 14, 3)
    floor = np.array([rng.uniform(120, 190), rng.uniform(95, 140), rng.uniform(65, 105)])
    parts = [
        f'<rect width="{w:.1f}" height="{h}" fill="{hexed(base)}"/><rect y="{y:.1f}" '
        f'width="{w:.1f}" height="{h - y:.1f}" fill="{hexed(floor)}"/>'
    ]
    parts += [
        f'<path d="M{w / 2 + (x - w / 2) * 0.4:.1f} {y:.1f} L{w / 2 + (x - w / 2) * 1.7:.1f} {h}" '
        f'stroke="{hexed(floor, 0.8)}" stroke-width=".35"/>'
        for x in np.linspace(-w, 2 * w, 22)
    ]
    parts.append(f'<rect y="{y - 2.5:.1f}" width="{w:.1f}" height="2.5" fill="{hexed(base, 1.1)}"/>')
    wx = float(rng.uniform(0, w * 0.7))
    parts.append(
        f'<rect x="{wx:.1f}" y="6" width="22" height="36" fill="#dfe9f2" stroke="#fff" '
        f'stroke-width="2"/><path d="M{wx + 11:.1f} 6 v36 M{wx:.1f} 24 h22" stroke="#fff" '
        'stroke-width="1"/>'
    )
    dx = float(rng.uniform(0, w * 0.8))
    parts.append(
        f'<rect x="{dx:.1f}" y="{y - 30:.1f}" width="26" height="30" '
        f'fill="{any_color(rng, 60, 190, 30)}" stroke="#0003"/>'
    )
    parts += [
        f'<rect x="{dx + 2:.1f}" y="{y - 28 + 9 * k:.1f}" width="22" height="8" fill="{any_color(rng, 70, 200, 30)}"/>'
        for k in range(3)
    ]
    for _ in range(int(rng.integers(1, 4))):
        px, py = rng.uniform(0, w - 14), rng.uniform(6, y * 0.5)
        parts.append(
            f'<rect x="{px:.1f}" y="{py:.1f}" width="12" height="15" '
            f'fill="{any_color(rng, 90, 230, 45)}" stroke="#3a2c20" stroke-width="1"/><circle '
            f'cx="{px + 6:.1f}" cy="{py + 7:.1f}" r="3.4" fill="{any_color(rng, 60, 230, 38)}"/>'
        )
    if rng.random() < 0.6:
        tx = float(rng.uniform(0, w))
        parts.append(f'<rect x="{tx - 3:.1f}" y="{y - 7:.1f}" width="6" height="8" fill="#b06a4a"/>')
        parts += [
            f'<path d="M{tx:.1f} {y - 7:.1f} q{a * 6:.1f} -14 {a * 11:.1f} -10" stroke="#3f7a46" '
            'stroke-width="2" fill="none"/>'
            for a in (-1, -0.5, 0.1, 0.6, 1.1)
        ]
    return parts


def _crossing(w: float, h: float, y: float, rng: np.random.Generator) -> list[str]:
    parts = _street(w, h, y, rng)
    for x in np.arange(-w, 2 * w, w * 0.28):
        far = w / 2 + (x - w / 2) * 0.35
        d = f"M{x:.1f} {h} L{far:.1f} {y + 9:.1f} h{w * 0.035:.1f} L{x + w * 0.14:.1f} {h} Z"
        parts.append(f'<path d="{d}" fill="#e4e2dc"/>')
    return parts


PLACES: Mapping[str, Callable[[float, float, float, np.random.Generator], list[str]]] = {
    "street": _street,
    "shops": _shops,
    "wall": _wall,
    "park": _park,
    "room": _room,
    "crossing": _crossing,
}
"""Each returns the SVG elements of a picture of w x h whose ground begins at y."""
