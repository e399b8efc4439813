"""Export a run of kind ``encoder``: a tapped backbone and a head for each block."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streetshop.lab.data.sets import ccp as ccp_set
from streetshop.lab.data.sets import clothing as clothing_set
from streetshop.lab.evaluate.report import Dataset, Report
from streetshop.lab.export.bundle import LITE0_WEIGHTS, MODEL, Network, export_bundle, probe_images
from streetshop.lab.nets.encoder_heads import DefaultEncoder
from streetshop.lab.nets.taps import INPUT
from streetshop.lab.train.encoder_recipe import EncoderRecipe
from streetshop.models.spec import BlockSpec, EncoderSpec

SUMMARY: Final = "An encoder: a garment in a picture, with or without its mask, to a vector of named blocks."
MEANS: Final = {
    "style": "how the picture looks as a whole: components of general features of the garment's box, without labels",
    "colour": "the garment's pixels counted in CIELAB, projected so that shades of one colour name are near",
    "shape": "category and cut, across senders and photos",
    "pattern": "stripes, checks, prints and others, with texture statistics over the garment",
}

LIMITS: Final = (
    "The street photos show mostly women in Western street fashion; the single garments mostly lie on floors "
    "or beds in homes.",
    "Kinds, colours and patterns were named by an AI model from contact sheets. Where it named 621 photos "
    "twice, it agreed with itself on 77 % of colours and 86 % of patterns.",
    "Made pairs show one shot of a garment twice, and nothing learned from them; real pairs are other.",
    "Shades within one colour name are distinguished less well than by a plain histogram.",
)


def export_encoder(network: DefaultEncoder, recipe: EncoderRecipe, out: Path, *, half: bool = True) -> Path:
    """Write a bundle.

    Args:
        network: backbone and heads.
        recipe: what they were trained by.
        out: the bundle's folder; must be absent or empty.
        half: whether weights may be stored in half precision.

    Returns:
        ``out``.

    Raises:
        RunError: the folder exists, or the exported network disagrees with the trained one.
    """
    spec = EncoderSpec(
        name=recipe.name,
        version=recipe.version,
        input=INPUT,
        blocks=tuple(BlockSpec(name=n, dim=t.dim, weight=t.weight) for n, t in recipe.blocks.items()),
        cut="box",
        files={MODEL: ""},
        about=recipe.about,
    )
    exported = Network(network, tuple(recipe.blocks), probe_images(INPUT))
    return export_bundle(out, {MODEL: exported}, spec, _report(spec, recipe), half=half)


def _report(spec: EncoderSpec, recipe: EncoderRecipe) -> Report:
    blocks = {f"block {b.name}": f"{b.dim} numbers, default weight {b.weight:g}: {MEANS[b.name]}" for b in spec.blocks}
    data = [
        Dataset(
            name="Clothing Co-Parsing",
            use="trained on 80 % of the photos",
            licence=ccp_set.STATED_LICENCE,
        ),
        Dataset(
            name="Clothing dataset",
            use="trained on 80 % of the senders; kinds, colours and patterns named from contact sheets "
            "(`hand_labels.csv`), names of held-out senders are used for measuring only",
            licence=clothing_set.LICENCE,
        ),
    ]
    if recipe.drawings is not None:
        data.append(Dataset(name="studio", use=f"trained on {recipe.drawings.products} drawn products"))
    return Report(
        name=spec.name,
        version=spec.version,
        kind="encoder",
        summary=SUMMARY,
        facts={
            **blocks,
            "network": "EfficientNet-Lite0, ImageNet-1k weights, not trained further; a layer or two for each block",
            "starting weights": LITE0_WEIGHTS,
        },
        recipe="`recipes/encoder.yaml`, `streetshop lab train encoder --data FOLDER_OF_BOTH_SETS --out RUN`",
        licence=spec.licence,
        data=tuple(data),
        limits=LIMITS,
    )
