"""Motifs, logos and lettering as SVG paths; no font is used."""

from __future__ import annotations

import numpy as np

from streetshop.studio.cloth import hexed, shade_of, trim_of
from streetshop.studio.products import Product

# Letters on a 4 x 6 grid, strokes as polylines of grid points (column, row).
_LETTERS: dict[str, tuple[tuple[tuple[int, int], ...], ...]] = {
    "A": (((0, 6), (2, 0), (4, 6)), ((1, 4), (3, 4))),
    "B": (((0, 0), (3, 0), (4, 1), (3, 3), (0, 3), (3, 3), (4, 4), (3, 6), (0, 6), (0, 0)),),
    "C": (((4, 1), (3, 0), (1, 0), (0, 1), (0, 5), (1, 6), (3, 6), (4, 5)),),
    "D": (((0, 0), (3, 0), (4, 2), (4, 4), (3, 6), (0, 6), (0, 0)),),
    "E": (((4, 0), (0, 0), (0, 6), (4, 6)), ((0, 3), (3, 3))),
    "F": (((4, 0), (0, 0), (0, 6)), ((0, 3), (3, 3))),
    "H": (((0, 0), (0, 6)), ((4, 0), (4, 6)), ((0, 3), (4, 3))),
    "I": (((2, 0), (2, 6)),),
    "K": (((0, 0), (0, 6)), ((4, 0), (0, 3), (4, 6))),
    "L": (((0, 0), (0, 6), (4, 6)),),
    "M": (((0, 6), (0, 0), (2, 3), (4, 0), (4, 6)),),
    "N": (((0, 6), (0, 0), (4, 6), (4, 0)),),
    "O": (((1, 0), (3, 0), (4, 1), (4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0)),),
    "P": (((0, 6), (0, 0), (3, 0), (4, 1), (4, 2), (3, 3), (0, 3)),),
    "R": (((0, 6), (0, 0), (3, 0), (4, 1), (4, 2), (3, 3), (0, 3), (4, 6)),),
    "S": (((4, 1), (3, 0), (1, 0), (0, 1), (1, 3), (3, 3), (4, 5), (3, 6), (1, 6), (0, 5)),),
    "T": (((0, 0), (4, 0)), ((2, 0), (2, 6))),
    "U": (((0, 0), (0, 5), (1, 6), (3, 6), (4, 5), (4, 0)),),
    "V": (((0, 0), (2, 6), (4, 0)),),
    "W": (((0, 0), (1, 6), (2, 3), (3, 6), (4, 0)),),
    "X": (((0, 0), (4, 6)), ((4, 0), (0, 6))),
    "Y": (((0, 0), (2, 3), (4, 0)), ((2, 3), (2, 6))),
    "Z": (((0, 0), (4, 0), (0, 6), (4, 6)),),
}  # fmt: skip
_WORDS = (
    "NORTH", "LUCKY", "SALT", "WILD", "RIVER", "ATLAS", "NOVA", "OLIVE",
    "PARIS", "TOKYO", "EASY", "LOVE", "FINE", "STUDIO", "MOON",
)  # fmt: skip


def word(rng: np.random.Generator) -> str:
    """A random word in capitals."""
    return _WORDS[int(rng.integers(len(_WORDS)))]


def lettering(text: str, width: float, color: str, weight: float = 0.9) -> str:
    """Capital letters drawn with strokes, ``width`` wide in total and centred on the origin."""
    unit = width / (len(text) * 5.4 - 1.4)
    parts = []
    for k, letter in enumerate(text):
        for stroke in _LETTERS.get(letter, ()):
            points = " ".join(f"{k * 5.4 + x},{y}" for x, y in stroke)
            parts.append(f'<polyline points="{points}"/>')
    shift = -(len(text) * 5.4 - 1.4) / 2
    return (
        f'<g transform="scale({unit:.5f}) translate({shift:.2f} -3)" fill="none" stroke="{color}" '
        f'stroke-width="{weight}" stroke-linejoin="round" stroke-linecap="round">{"".join(parts)}</g>'
    )


def _hue(rng: np.random.Generator) -> str:
    palette = ("#d8433b", "#e8a33d", "#2f7f79", "#3557a0", "#7b4a99", "#e7d9b8", "#e3829e", "#5aa05a", "#26262a")
    return palette[int(rng.integers(len(palette)))]


def motif(product: Product, size: float) -> str:
    """A graphic print, about 2 x ``size`` wide and centred on the origin."""
    rng = product.rng("motif")
    ink = hexed(shade_of(product, "secondary_colour"))
    kind = int(rng.integers(8))
    a, b = _hue(rng), _hue(rng)
    s = size
    if kind == 0:  # sun over mountains
        art = (
            f'<circle r="{s * 0.8}" fill="{a}"/><path d="M{-s} {s * 0.7} L{-s * 0.3} {-s * 0.2} L0 '
            f'{s * 0.2} L{s * 0.4} {-s * 0.4} L{s} {s * 0.7} Z" fill="{ink}"/>'
        )
    elif kind == 1:  # star burst
        points = " ".join(
            f"{np.sin(k * np.pi / 8) * s * (1 if k % 2 else 0.45):.4f},"
            f"{np.cos(k * np.pi / 8) * s * (1 if k % 2 else 0.45):.4f}"
            for k in range(16)
        )
        art = f'<polygon points="{points}" fill="{ink}"/><circle r="{s * 0.3}" fill="{a}"/>'
    elif kind == 2:  # big lettering
        art = lettering(word(rng), s * 2, ink, float(rng.uniform(0.9, 1.6)))
    elif kind == 3:  # face
        art = (
            f'<circle r="{s * 0.85}" fill="{ink}"/><circle cx="{-s * 0.3}" cy="{-s * 0.2}" '
            f'r="{s * 0.1}" fill="#222"/><circle cx="{s * 0.3}" cy="{-s * 0.2}" r="{s * 0.1}" '
            f'fill="#222"/><path d="M{-s * 0.45} {s * 0.2} Q0 {s * 0.75} {s * 0.45} {s * 0.2}" '
            f'fill="none" stroke="#222" stroke-width="{s * 0.09}"/>'
        )
    elif kind == 4:  # stripes in a disc
        bars = "".join(
            f'<rect x="{-s}" y="{-s + k * s * 0.36:.4f}" width="{2 * s}" height="{s * 0.2:.4f}" '
            f'fill="{(ink, a, b)[k % 3]}"/>'
            for k in range(6)
        )
        art = f'<clipPath id="m"><circle r="{s * 0.9}"/></clipPath><g clip-path="url(#m)">{bars}</g>'
    elif kind == 5:  # heart
        art = (
            f'<path d="M0 {s * 0.85} C{-s * 1.5} {-s * 0.1} {-s * 0.7} {-s * 1.1} 0 {-s * 0.35} '
            f'C{s * 0.7} {-s * 1.1} {s * 1.5} {-s * 0.1} 0 {s * 0.85} Z" fill="{ink}"/>'
        )
    elif kind == 6:  # framed picture
        art = (
            f'<rect x="{-s * 0.8}" y="{-s}" width="{s * 1.6}" height="{s * 1.8}" fill="{a}"/><rect '
            f'x="{-s * 0.65}" y="{-s * 0.85}" width="{s * 1.3}" height="{s * 1.2}" fill="{b}"/><circle '
            f'cx="{s * 0.1}" cy="{-s * 0.2}" r="{s * 0.4}" fill="{ink}"/>'
        )
    else:  # overlapping shapes
        art = (
            f'<circle cx="{-s * 0.3}" r="{s * 0.6}" fill="{a}" opacity=".9"/><rect x="{-s * 0.1}" '
            f'y="{-s * 0.6}" width="{s}" height="{s}" fill="{b}" opacity=".8"/><path d="M0 {s * 0.8} '
            f'L{s * 0.6} {-s * 0.3} L{-s * 0.6} {-s * 0.3} Z" fill="{ink}"/>'
        )
    if kind != 2 and rng.random() < 0.5:
        art += f'<g transform="translate(0 {s * 1.25:.4f})">{lettering(word(rng), s * 1.5, ink)}</g>'
    return art


def logo(product: Product, size: float) -> str:
    """A small mark, about 2 x ``size`` wide and centred on the origin."""
    rng = product.rng("logo")
    ink = hexed(trim_of(product))
    kind = int(rng.integers(4))
    if kind == 0:
        return lettering(word(rng), size * 2, ink, 1.3)
    if kind == 1:
        return f'<circle r="{size * 0.7}" fill="none" stroke="{ink}" stroke-width="{size * 0.3}"/>'
    if kind == 2:
        return f'<path d="M{-size} {size * 0.4} L0 {-size * 0.8} L{size} {size * 0.4} Z" fill="{ink}"/>'
    return f'<rect x="{-size * 0.8}" y="{-size * 0.5}" width="{size * 1.6}" height="{size}" fill="{ink}"/>'
