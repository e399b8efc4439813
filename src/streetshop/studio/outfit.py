"""Which products are worn together, and how they are put on a body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from streetshop.studio.accessories import belt_patches, hat_patches, scarf_patches, sunglasses_patches
from streetshop.studio.bags import bag_patches
from streetshop.studio.body import Body, Pose
from streetshop.studio.cut import cut_of
from streetshop.studio.lower import LEG_END, SKIRT_END, skirt_patches, trousers_patches
from streetshop.studio.mesh import Patch, unit
from streetshop.studio.people import person_patches
from streetshop.studio.products import Product, make_catalog
from streetshop.studio.shoes import shoe_patches
from streetshop.studio.upper import upper_patches

_COATS = ("jackets", "blazers", "shrugs", "nehru jackets")
_UNSOLD_FAMILY = 4
"""Products per family of the unsold clothes; it does not depend on the families of the shop."""


@dataclass(frozen=True, slots=True)
class Outfit:
    """What one person wears.

    Attributes:
        garments: from the innermost to the outermost.
        tucked: the top is tucked in.
        opened: the outermost jacket is worn open.
        bag_side: 1 for a bag on the left, -1 on the right.
    """

    garments: tuple[Product, ...]
    tucked: bool
    opened: bool
    bag_side: int

    @property
    def wide(self) -> bool:
        """Whether the garment of the lower half is wider than the hips."""
        lower = [g for g in self.garments if g.group in ("skirts", "dresses", "bottomwear")]
        return any(g.get("fit") in ("full", "a-line", "pleated", "wide", "flared") for g in lower)


class Wardrobe:
    """The catalog by role; unsold clothes fill the roles of top, bottom and shoes that the shop does not sell."""

    def __init__(self, catalog: Sequence[Product], seed: int):
        self.catalog = catalog
        self.sold = frozenset(p.id for p in catalog)
        self._by_role: dict[str, list[Product]] = {}
        for p in catalog:
            self._by_role.setdefault(_role(p), []).append(p)
            if p.group == "topwear":
                self._by_role.setdefault("shown belt", []).append(p)
        missing = [r for r in ("top", "bottom", "shoes") if r not in self._by_role]
        if missing:
            for p in make_catalog(240, seed + 1_000_003, family_size=_UNSOLD_FAMILY):
                if _role(p) in missing:
                    self._by_role.setdefault(_role(p), []).append(p)

    def pick(self, role: str, rng: np.random.Generator) -> Product | None:
        """A random product of that role, or None if there is none."""
        choices = self._by_role.get(role)
        return choices[int(rng.integers(len(choices)))] if choices else None

    def outfit(self, first: Product | None, rng: np.random.Generator, plenty: float = 1.0) -> Outfit:
        """A random outfit that includes ``first``; ``plenty`` scales the probability of coats and accessories."""
        role = _role(first) if first else ""
        worn: dict[str, Product | None] = {}
        one_piece = role == "dress" or (
            role not in ("top", "bottom", "belt") and rng.random() < 0.25 and "dress" in self._by_role
        )
        if one_piece:
            worn["dress"] = self.pick("dress", rng)
        else:
            worn["top"], worn["bottom"] = self.pick("top", rng), self.pick("bottom", rng)
        worn["shoes"] = self.pick("shoes", rng)
        for extra, chance in (
            ("coat", 0.34),
            ("bag", 0.55),
            ("hat", 0.2),
            ("scarf", 0.16),
            ("belt", 0.16),
            ("glasses", 0.2),
        ):
            if rng.random() < chance * plenty:
                worn[extra] = self.pick(extra, rng)
        if first:
            worn[role] = first
        if role == "belt":
            # A belt is visible only under a shirt or top, which is tucked in.
            worn["top"] = self.pick("shown belt", rng) or worn["top"]
            worn.pop("coat", None)
            if role in ("top", "dress", "bottom", "belt") and plenty < 1:
                worn.pop("coat", None)
        top = worn.get("top")
        if top is not None and top.group == "outerwear" and role != "coat":
            worn.pop("coat", None)
        tucked = False
        if top is not None and top.group == "topwear" and top.get("length") != "cropped":
            tucked = bool(rng.random() < 0.35) or _too_wide(worn.get("bottom"), top)
        if worn.get("belt") is not None and worn.get("dress") is None:
            tucked = top is not None and top.group == "topwear"
            if not tucked and role != "belt":
                worn.pop("belt")
        order = ("top", "dress", "bottom", "shoes", "belt", "coat", "scarf", "hat", "glasses", "bag")
        garments = tuple(g for r in order if (g := worn.get(r)) is not None)
        return Outfit(
            garments, tucked, bool(rng.random() < 0.6) or role in ("top", "dress"), 1 if rng.random() < 0.5 else -1
        )


def _role(p: Product) -> str:
    table = {
        "topwear": "top",
        "bottomwear": "bottom",
        "skirts": "bottom",
        "dresses": "dress",
        "footwear": "shoes",
        "bags": "bag",
        "outerwear": "coat" if p.category in _COATS else "top",
    }
    return (
        table.get(p.group) or {"hats": "hat", "scarves": "scarf", "belts": "belt", "sunglasses": "glasses"}[p.category]
    )


def _too_wide(bottom: Product | None, top: Product) -> bool:
    """Whether the bottom is too wide to be covered by the top."""
    if bottom is None or top.get("fit") == "loose":
        return False
    return bottom.category == "palazzos" or bottom.get("fit") in ("loose", "wide")


def dress(
    body: Body, outfit: Outfit, person: int, first_owner: int, rng: np.random.Generator, texels: int
) -> tuple[list[Patch], list[Product]]:
    """Patches of a person and the garments.

    Owner ``person`` is the body; owners from ``first_owner`` on are the garments, in the returned order.
    """
    garments = list(outfit.garments)
    roles = [_role(g) for g in garments]
    patches = person_patches(body, person, hat="hat" in roles, **_bare(garments))
    for number, (product, role) in enumerate(zip(garments, roles, strict=True)):
        owner = first_owner + number
        patches += garment_patches(product, role, body, owner, outfit, rng, texels)
    return patches, garments


def room_for(pose: Pose, outfit: Outfit) -> Pose:
    """``pose`` with hanging arms held away from a wide skirt or wide trousers, so that hands do not intersect them."""
    if not outfit.wide:
        return pose

    def off(arm: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        spread, azimuth, spread2, azimuth2 = arm
        if spread > 25 or spread2 > 30:
            return arm
        return (
            max(spread, 21.0),
            float(np.clip(azimuth, -20, 40)),
            max(spread2, 20.0),
            float(np.clip(azimuth2, -10, 50)),
        )

    return replace(pose, left_arm=off(pose.left_arm), right_arm=off(pose.right_arm))


def _bare(garments: Sequence[Product]) -> dict[str, float]:
    """Where skin can be visible; see :func:`~streetshop.studio.people.person_patches`."""
    sleeve = max(cut_of(g).sleeve for g in garments if g.group in ("topwear", "outerwear", "dresses"))
    lower = [g for g in garments if g.group in ("bottomwear", "skirts", "dresses")]
    hem, legs = 0.0, 0.0
    for g in lower:
        if g.group == "bottomwear":
            legs = max(legs, LEG_END[g.get("length")])
        else:
            hem = SKIRT_END[g.get("length")] if g.group == "skirts" else cut_of(g).hem
            legs = max(legs, (0.505 - hem) / 0.2365 - 0.45)
    boots = any(g.get("length") == "knee boot" for g in garments)
    cropped = any(g.get("length") == "cropped" for g in garments)
    return {
        "lowest": 0.56 if cropped else 0.66,
        "arms_from": sleeve - 0.25 if sleeve > 0.5 else -0.6,
        "legs_from": max(legs - 0.3, -0.3),
        "legs_to": 1.4 if boots else 2.05,
    }


def garment_patches(
    product: Product, role: str, body: Body, owner: int, outfit: Outfit, rng: np.random.Generator, texels: int
) -> list[Patch]:
    """Patches of one product worn on ``body``."""
    if role in ("top", "dress"):
        return upper_patches(product, body, owner, rng, texels, tucked=outfit.tucked and role == "top")
    if role == "coat":
        return upper_patches(
            product, body, owner, rng, texels, opened=outfit.opened and product.get("closure") != "open"
        )
    if role == "bottom":
        draw = skirt_patches if product.category == "skirts" else trousers_patches
        return draw(product, body, owner, rng, texels)
    if role == "shoes":
        return shoe_patches(product, body, owner, texels)
    if role == "hat":
        return hat_patches(product, body, owner, texels)
    if role == "scarf":
        return scarf_patches(product, body, owner, rng, texels)
    if role == "belt":
        dressed = any(g.category == "dresses" for g in outfit.garments)
        return belt_patches(product, body, owner, 0.615 if dressed else 0.598, 0.022 if dressed else 0.016)
    if role == "glasses":
        return sunglasses_patches(product, body, owner)
    return worn_bag(product, body, owner, outfit.bag_side, texels, 0.10 if outfit.wide else 0.04)


def worn_bag(product: Product, body: Body, owner: int, s: int, texels: int, clearance: float) -> list[Patch]:
    """A bag in the hand, over the shoulder or across the body, ``clearance`` metres from hips or skirt."""
    arm = body.left_arm if s > 0 else body.right_arm
    up = np.array([0, 1, 0], np.float32)
    outwards = body.pelvis[:, 0] * s
    if product.get("fit") == "crossbody":
        h = np.array([0.66, 0.72, 0.78, 0.815, 0.825, 0.815, 0.78, 0.72, 0.66], np.float32)
        ring = body.rings(h)
        lateral = np.linspace(0.75, -0.55, 5)
        lateral = np.concatenate([lateral, lateral[-2::-1]]) * -s * -1
        depth = np.concatenate([np.full(4, 1.0), [0.0], np.full(4, -1.0)])
        over = (
            ring.centers
            + ring.side * (lateral * 0.085 * body.tall)[:, None]
            + ring.front * ((ring.half_depth + 0.05) * depth)[:, None]
        )
        over[4] = over[4] + up * 0.05
        facing = unit(outwards * 0.75 + body.pelvis[:, 2] * 0.6)
        center = body.trunk_point(0.50, s * 0.10, 0.045) + facing * (0.04 + clearance)
        return bag_patches(product, center, facing, up, owner, texels, over[::-1] if s > 0 else over)
    hang = {"tote": 0.33, "satchel": 0.20, "bucket": 0.28}[product.get("fit")]
    forearm = unit(arm.joints[2] - arm.joints[1])
    if float(forearm[1]) > -0.35 and float(arm.joints[1][1]) < float(arm.joints[0][1]) - 0.1:
        hook = arm.joints[1] * 0.45 + arm.joints[2] * 0.55 + up * 0.01  # in the crook of the arm
    elif float(forearm[1]) > 0.2 or (product.get("fit") == "tote" and product.number % 2):
        hook = body.trunk_point(0.80, s * 0.115, 0.0) + outwards * 0.02  # over the shoulder
        center = hook - up * (hang + 0.12) + outwards * (0.05 + clearance) - body.chest[:, 2] * 0.02
        strap = np.stack(
            [hook - up * 0.10 + body.chest[:, 2] * 0.05, hook + up * 0.035, hook - up * 0.10 - body.chest[:, 2] * 0.05]
        )
        return bag_patches(
            product, center, unit(outwards + body.chest[:, 2] * 0.3), up, owner, texels, strap.astype(np.float32)[::s]
        )
    else:
        hook = arm.joints[2] + forearm * 0.05 * body.tall
    center = hook - up * hang
    away = unit(outwards + body.pelvis[:, 2] * 0.25)
    return bag_patches(product, (center + away * 0.3 * clearance).astype(np.float32), away, up, owner, texels)
