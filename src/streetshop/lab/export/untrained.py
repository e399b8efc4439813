"""Export a run of kind ``untrained``: ImageNet features projected to their principal components, and colours."""

from __future__ import annotations

from pathlib import Path

from streetshop.lab.data.sets import ccp as ccp_set
from streetshop.lab.data.sets import clothing as clothing_set
from streetshop.lab.evaluate.report import Dataset, Report
from streetshop.lab.export.bundle import LITE0_WEIGHTS, MODEL, Network, export_bundle, probe_images
from streetshop.lab.nets.pooled import PooledEncoder
from streetshop.lab.train.recipe import UntrainedRecipe
from streetshop.lab.train.tasks.untrained import INPUT
from streetshop.models.colour import COLOUR_DIM
from streetshop.models.spec import BlockSpec, EncoderSpec


def export_untrained(
    network: PooledEncoder, recipe: UntrainedRecipe, out: Path, *, pictures: int, half: bool = True
) -> Path:
    """Write a bundle.

    Args:
        network: backbone and projection.
        recipe: what the projection was fitted by.
        out: the bundle's folder; must be absent or empty.
        pictures: on which the projection was fitted.
        half: whether weights may be stored in half precision.

    Returns:
        ``out``.

    Raises:
        RunError: the folder exists, or the exported network disagrees with the fitted one.
    """
    spec = EncoderSpec(
        name=recipe.name,
        version=recipe.version,
        input=INPUT,
        blocks=(
            BlockSpec(name="style", dim=recipe.dim),
            BlockSpec(name="colour", dim=COLOUR_DIM, weight=0.25, source="cielab"),
        ),
        cut="box",
        files={MODEL: ""},
        about=recipe.about,
    )
    report = Report(
        name=spec.name,
        version=spec.version,
        kind="untrained",
        summary="An encoder to start from. Nothing in it was trained on fashion; the default models replace it.",
        facts={
            "block style": f"{recipe.dim} numbers: first principal components of EfficientNet-Lite0's (ImageNet-1k) "
            "mean-pooled features",
            "block colour": f"{COLOUR_DIM} numbers: soft CIELAB histogram of the garment's pixels, square root taken",
            "starting weights": LITE0_WEIGHTS,
        },
        recipe="`recipes/untrained.yaml`, `streetshop lab train untrained --data FOLDER_OF_BOTH_SETS --out RUN`",
        licence=spec.licence,
        data=(
            Dataset(
                name="Clothing Co-Parsing and Clothing dataset",
                use=f"components fitted on {pictures} pictures without labels",
                licence=f"{ccp_set.STATED_LICENCE}; {clothing_set.LICENCE}",
            ),
        ),
        limits=(
            "It sees the whole picture it is given, background, person and all.",
            "It knows objects, not cuts or fabrics.",
        ),
    )
    images = probe_images(INPUT)
    return export_bundle(out, {MODEL: Network(network, ("style",), images)}, spec, report, half=half)
