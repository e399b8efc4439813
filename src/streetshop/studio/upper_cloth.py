"""Textures of garments of the trunk and arms: pattern pieces, seams, fastenings, pockets, prints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streetshop.studio.body import Figure, profile
from streetshop.studio.cloth import hexed, paint, seam_of, shade_of, trim_of
from streetshop.studio.cut import Cut
from streetshop.studio.drapery import gored
from streetshop.studio.mesh import Array, Texture
from streetshop.studio.prints import logo, motif
from streetshop.studio.products import Product
from streetshop.studio.svg import paste, svg

_REFERENCE = Figure()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Coordinates of the unrolled cloth of the trunk at (rows, columns) texels, in metres on the reference body.

    Attributes:
        x: (rows, columns) metres along the cloth from the middle of the front.
        y: (rows, 1) metres down from the base of the neck.
        lateral: (rows, columns) metres to the wearer's left, seen from the front.
        h: (rows, 1) heights.
        front: (1, columns) whether it lies on the front half.
        drop: (rows, columns) metres below the base of the neck, straight down.
    """

    x: Array
    y: Array
    lateral: Array
    h: Array
    front: NDArray[np.bool_]
    drop: Array


def sheet_of(cut: Cut, texels: int, heights: Array) -> Sheet:
    """Coordinates of a texture ``texels`` wide."""
    circumference = 0.95
    half_x, half_z, _ = profile(_REFERENCE, heights)
    tall = _REFERENCE.height
    step = np.hypot(np.diff(heights) * tall, np.diff(half_z) * tall * 0.5 + np.diff(half_x) * tall * 0.25)
    along = np.concatenate([[0], np.cumsum(np.abs(step))])
    rows = max(int(texels * along[-1] / circumference), 24)
    position = np.linspace(0, 1, rows)
    index = np.linspace(0, 1, len(heights))
    h = np.interp(position, index, heights).astype(np.float32)[:, None]
    y = np.interp(position, index, along).astype(np.float32)[:, None]
    u = np.linspace(0, 1, texels, dtype=np.float32)[None]
    hx = np.interp(position, index, half_x * tall)[:, None]
    lateral = (np.sign(np.sin(2 * np.pi * u)) * np.abs(np.sin(2 * np.pi * u)) ** (2 / 2.35) * hx).astype(np.float32)
    # A flared skirt is cut wider towards its hem, and so is its print.
    around = circumference + 2 * np.pi * cut.flare * np.clip((0.53 - h) / 0.18, 0, None) ** 0.9
    return Sheet(
        gored(u, circumference, around), y, lateral, h, (u > 0.25) & (u < 0.75), ((0.835 - h) * tall) + 0 * lateral
    )


def neck_cut(neckline: str, sheet: Sheet, sleeve: float) -> NDArray[np.bool_]:
    """(rows, columns) True where there is cloth; False in the neck hole and the arm holes of sleeveless cuts."""
    across, drop = np.abs(sheet.lateral), sheet.drop
    back = 0.012 - 0.25 * np.clip(across - 0.05, 0, 1)
    limit = _neck_line(neckline, across, sheet.front)
    cloth = drop > np.maximum(limit, np.where(sheet.front, 0, np.minimum(back, 0.012)))
    if neckline == "turtleneck":
        cloth = np.ones_like(cloth)
    if sleeve <= 0 and neckline not in ("strappy", "halter", "off-shoulder"):
        # The arm hole: an ellipse around the shoulder joint, seen from the front.
        hole = ((across - 0.168) / 0.050) ** 2 + ((drop - 0.075) / 0.125) ** 2 < 1
        cloth &= ~hole
    return cloth


def _neck_line(neckline: str, across: Array, front: NDArray[np.bool_]) -> Array:
    """(rows, columns) metres below the base of the neck at which the cloth begins."""
    limit = np.full(across.shape, 0.0, np.float32)
    if neckline in ("shirt collar", "band collar", "mandarin collar", "stand collar"):
        limit = np.where(front, 0.008 * np.sqrt(np.clip(1 - (across / 0.06) ** 2, 0, 1)), 0.0)
    elif neckline in ("crew", "hood"):
        limit = np.where(front, 0.045 * np.sqrt(np.clip(1 - (across / 0.068) ** 2, 0, 1)) + 0.003, 0.004)
    elif neckline == "v-neck":
        limit = np.where(front, 0.165 * np.clip(1 - across / 0.075, 0, 1), 0.006)
    elif neckline in ("lapels", "shawl", "open front"):
        limit = np.where(front, 0.26 * np.clip(1 - across / 0.075, 0, 1), 0.006)
    elif neckline == "scoop":
        limit = np.where(
            front,
            0.135 * np.sqrt(np.clip(1 - (across / 0.095) ** 2, 0, 1)),
            0.03 * np.sqrt(np.clip(1 - (across / 0.09) ** 2, 0, 1)),
        )
    elif neckline == "boat":
        limit = np.where(across < 0.135, 0.030, 0.0)
    elif neckline == "square":
        limit = np.where(front, np.where(across < 0.095, 0.125, 0.0), np.where(across < 0.095, 0.04, 0.0))
    elif neckline == "off-shoulder":
        limit = np.full_like(limit, 0.115)
    elif neckline == "strappy":
        strap = np.abs(across - 0.085) < 0.009
        limit = np.where(strap, 0.0, np.where(front, 0.15 - 0.02 * np.cos(across * 38), 0.19))
    elif neckline == "halter":
        slope = np.clip((across - 0.045) / 0.10, 0, 1)
        limit = np.where(front, 0.03 + 0.17 * slope, np.where(across < 0.04, 0.0, 0.24))
    return limit


def trunk_texture(product: Product, cut: Cut, texels: int, heights: Array) -> Texture:
    """The texture of the trunk piece: cloth, seams, fastenings, pockets and prints."""
    sheet = sheet_of(cut, texels, heights)
    color, relief = paint(product, sheet.x, sheet.y)
    alpha = neck_cut(product.get("neckline"), sheet, cut.sleeve)
    rows = color.shape[0]
    length = float(sheet.y[-1, 0])
    if cut.open_front is not None:
        top, bottom = cut.open_front
        gap = top + (bottom - top) * np.clip((sheet.y - 0.05) / max(length - 0.05, 0.1), 0, 1)
        alpha &= ~((np.abs(sheet.x) < gap) & sheet.front)
    half = 0.475
    ink = _trunk_ink(product, cut, length, sheet)
    if ink:
        # In the drawing x grows to the wearer's left (right in a front view); u runs the other way.
        color = paste(color, svg(ink, texels, rows, (-half, 0, 2 * half, length))[:, ::-1])
    edge = edge_of(alpha)
    color = np.where(edge[..., None], (color * 0.72).astype(np.uint8), color)
    return Texture(color, alpha, relief)


def edge_of(alpha: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cloth within two texels of a cut edge."""
    inner = alpha.copy()
    for shift in (1, 2):
        inner[shift:] &= alpha[:-shift]
        inner[:-shift] &= alpha[shift:]
        inner[:, shift:] &= alpha[:, :-shift]
        inner[:, :-shift] &= alpha[:, shift:]
    return alpha & ~inner


def _line(points: str, color: str, width: float = 0.003, dash: str = "", opacity: float = 1.0) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{points}" fill="none" stroke="{color}" stroke-width="{width}" opacity="{opacity}"{dashed}/>'


def _pocket(x: float, y: float, w: float, h: float, dark: str, flap: bool = False, base: str = "none") -> str:
    shape = f"M{x - w / 2} {y} h{w} v{h * 0.8} l{-w / 2} {h * 0.2} l{-w / 2} {-h * 0.2} Z"
    text = f'<path d="{shape}" fill="{base}" fill-opacity="0.25" stroke="{dark}" stroke-width="0.0035"/>'
    if flap:
        text += (
            f'<path d="M{x - w / 2 - 0.003} {y} h{w + 0.006} v{h * 0.22} l{-w / 2 - 0.003} {h * 0.12} '
            f'l{-w / 2 - 0.003} {-h * 0.12} Z" fill="{base}" stroke="{dark}" stroke-width="0.0035"/>'
        )
        text += f'<circle cx="{x}" cy="{y + h * 0.22}" r="0.006" fill="{dark}"/>'
    return text


def _trunk_ink(product: Product, cut: Cut, length: float, sheet: Sheet) -> str:
    """SVG in metres: x to the wearer's left, y down from the neck."""
    base = shade_of(product)
    dark, light, trim = hexed(base, 0.55), hexed(base, 1.25), hexed(trim_of(product))
    if float(base.mean()) < 60:
        dark = hexed(base + 45)
    neck, closure, details = product.get("neckline"), product.get("closure"), product.get("details")
    y0 = {
        "v-neck": 0.2,
        "scoop": 0.17,
        "square": 0.16,
        "lapels": 0.30,
        "shawl": 0.30,
        "strappy": 0.17,
        "halter": 0.07,
        "off-shoulder": 0.15,
    }.get(neck, 0.075)
    hem = min(length, (0.868 - 0.50) * 1.7 + 0.05)
    ink = [_line(f"M-.475 {length - 0.012} H.475", dark, 0.003, opacity=0.8)]
    if neck in ("crew", "v-neck", "scoop", "turtleneck", "hood") and product.category in (
        "t-shirts",
        "sweaters",
        "sweatshirts",
    ):
        ink.append(_line(f"M-.475 {length - 0.05} H.475", dark, 0.003, opacity=0.7))
        if product.category != "t-shirts":
            ink += [
                _line(f"M{x:.3f} {length - 0.05} V{length}", dark, 0.003, opacity=0.35)
                for x in np.arange(-0.47, 0.47, 0.012)
            ]
    if product.category == "dresses":
        ink.append(_line("M-.475 .42 H.475", dark, 0.004))
    if closure in ("buttons", "one button", "two buttons", "double-breasted"):
        ink += _buttons(
            closure, y0, hem if product.category not in ("dresses",) else length, dark, light, trim, product
        )
    if closure == "zip":
        ink.append(f'<rect x="-.008" y="0" width=".016" height="{length}" fill="{dark}"/>')
        ink.append(_line(f"M0 .02 V{length}", "#c9c9c9", 0.004, "0.004 0.003"))
        ink.append('<rect x="-.006" y=".09" width=".012" height=".03" rx=".003" fill="#b8b8b8"/>')
    if neck in ("lapels", "shawl"):
        ink += _lapels(neck, base, dark, double=closure == "double-breasted")
    if product.get("pattern") == "graphic print":
        ink.append(f'<g transform="translate(0 .26)">{motif(product, 0.115)}</g>')
    ink += _details(product, details, dark, base, trim, length, hem, y0 + 0.05)
    return "".join(ink)


def _buttons(closure: str, y0: float, end: float, dark: str, light: str, trim: str, product: Product) -> list[str]:
    ink = []
    if closure == "buttons":
        ink += [
            _line(f"M-.016 .0 V{end}", dark, 0.0025, opacity=0.8),
            _line(f"M.016 .0 V{end}", dark, 0.0025, opacity=0.6),
        ]
        step = 0.085 if product.category != "jackets" else 0.10
        ink += [_button(0.0, y, 0.0075, trim) for y in np.arange(y0 + 0.02, end - 0.03, step)]
    elif closure == "double-breasted":
        ink.append(_line(f"M-.06 .30 V{end}", dark, 0.003))
        ink += [_button(x, y, 0.010, trim) for x in (-0.05, 0.05) for y in (0.33, 0.42)]
    else:
        ink.append(_line(f"M-.012 .31 Q-.012 .5 .03 {end}", dark, 0.0035))
        ink += [_button(0.0, y, 0.010, trim) for y in ((0.35,) if closure == "one button" else (0.33, 0.43))]
    return ink


def _button(x: float, y: float, r: float, color: str) -> str:
    return (
        f'<circle cx="{x}" cy="{y:.3f}" r="{r * 1.15}" fill="#000" opacity=".45"/><circle cx="{x}" '
        f'cy="{y:.3f}" r="{r}" fill="{color}"/><circle cx="{x}" cy="{y:.3f}" r="{r * 0.3}" '
        'fill="#000" opacity=".4"/>'
    )


def _lapels(neck: str, base: Array, dark: str, double: bool) -> list[str]:
    fill = hexed(base, 1.06)
    ink = []
    for s in (-1, 1):
        if neck == "lapels":
            d = (
                f"M{s * 0.055} -.02 L{s * 0.105} .09 L{s * 0.075} .105 L{s * 0.115} .125 L{s * 0.005} .31 "
                f"L{s * 0.052} .10 Z"
            )
        else:
            d = f"M{s * 0.055} -.02 Q{s * 0.135} .12 {s * 0.003} .31 L{s * 0.05} .10 Z"
        ink.append(f'<path d="{d}" fill="{fill}" stroke="{dark}" stroke-width=".0045"/>')
    return ink


def _details(
    product: Product, details: str, dark: str, base: Array, trim: str, length: float, hem: float, low: float
) -> list[str]:
    fill = hexed(base, 1.08)
    if details == "chest pocket":
        return [_pocket(0.085, 0.20, 0.085, 0.10, dark, base=fill)]
    if details in ("two chest pockets", "chest pockets"):
        return [_pocket(s * 0.09, 0.19, 0.09, 0.11, dark, True, fill) for s in (-1, 1)]
    if details == "logo":
        return [f'<g transform="translate(.085 .19)">{logo(product, 0.03)}</g>']
    if details == "kangaroo pocket":
        y = min(length, hem) - 0.24
        return [
            f'<path d="M-.075 {y} H.075 L.13 {y + 0.09} V{y + 0.17} H-.13 V{y + 0.09} Z" fill="{fill}" '
            f'stroke="{dark}" stroke-width=".005"/>'
        ]
    if details in ("side pockets", "flap pockets"):
        y = min(length - 0.10, 0.47)
        if details == "flap pockets":
            return [
                f'<path d="M{s * 0.135 - 0.06} {y} h.12 v.04 h-.12 Z" fill="{fill}" stroke="{dark}" '
                'stroke-width=".0045"/>'
                for s in (-1, 1)
            ]
        return [_line(f"M{s * 0.10} {y - 0.05} L{s * 0.145} {y + 0.09}", dark, 0.006) for s in (-1, 1)]
    if details == "quilting":
        return [_line(f"M-.475 {y:.3f} H.475", dark, 0.005, opacity=0.85) for y in np.arange(0.06, length, 0.075)]
    if details == "waist belt":
        return [
            f'<rect x="-.475" y=".395" width=".95" height=".04" fill="{trim}"/><rect x="-.03" y=".39" '
            'width=".06" height=".05" fill="none" stroke="#c8a860" stroke-width=".007"/>'
        ]
    if details == "bow":
        return [
            f'<g transform="translate(0 {low})"><path d="M0 0 L-.06 -.04 V.04 Z M0 0 L.06 -.04 V.04 Z" '
            f'fill="{trim}" stroke="{dark}" stroke-width=".003"/><path d="M0 0 L-.025 .10 M0 0 L.025 '
            f'.10" stroke="{trim}" stroke-width=".014"/></g>'
        ]
    if details == "ruffle":
        wave = " ".join(f"q.0125 {0.02 if k % 2 else -0.012} .025 0" for k in range(38))
        y = 0.21 if product.category == "tops" else length - 0.12
        return [
            f'<path d="M-.475 {y} {wave}" fill="none" stroke="{dark}" stroke-width=".006"/><path '
            f'd="M-.475 {y + 0.03} {wave}" fill="none" stroke="{dark}" stroke-width=".004"/>'
        ]
    return []


def sleeve_texture(product: Product, cut: Cut, texels: int) -> Texture:
    """Cloth of a sleeve, with its cuff."""
    length = 0.155 * (cut.sleeve + 0.3) * 1.7
    rows = max(int(texels * length / 0.36), 12)
    x = (np.linspace(0, 1, texels, dtype=np.float32)[None] - 0.5) * 0.36
    y = np.linspace(0, length, rows, dtype=np.float32)[:, None]
    color, relief = paint(product, x + 0.6, y + 0.05, "sleeve")
    base = shade_of(product)
    dark = seam_of(base, 0.6, 40)
    ink = [_line(f"M0 {length - 0.012} H.36", dark, 0.003)]
    knitted = product.category in ("sweaters", "sweatshirts")
    if knitted or (product.category in ("shirts", "jackets") and cut.sleeve > 1.9):
        ink.append(_line(f"M0 {length - 0.06} H.36", dark, 0.004))
    if knitted:
        ink += [
            _line(f"M{v:.3f} {length - 0.06} V{length}", dark, 0.003, opacity=0.4) for v in np.arange(0, 0.36, 0.012)
        ]
    if product.get("details") == "elbow patches":
        ink.append(
            f'<ellipse cx=".01" cy="{length * 0.52}" rx=".05" ry=".075" '
            f'fill="{hexed(trim_of(product))}"/><ellipse cx=".35" cy="{length * 0.52}" rx=".05" '
            f'ry=".075" fill="{hexed(trim_of(product))}"/>'
        )
    if product.get("details") == "quilting":
        ink += [_line(f"M0 {v:.3f} H.36", dark, 0.005) for v in np.arange(0.03, length, 0.075)]
    color = paste(color, svg("".join(ink), texels, rows, (0, 0, 0.36, length)))
    return Texture(color, None, relief)
