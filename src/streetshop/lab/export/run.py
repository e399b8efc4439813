"""Export a run of any kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from torch import nn

from streetshop.core.errors import RunError, UsageError
from streetshop.lab.core import files
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.evaluate.report import Dataset
from streetshop.lab.export.detector import export_detector
from streetshop.lab.export.embedding import export_embedding
from streetshop.lab.export.encoder import export_encoder
from streetshop.lab.export.framing import export_framing
from streetshop.lab.export.reader import export_reader
from streetshop.lab.export.untrained import export_untrained
from streetshop.lab.nets.detect import Detector
from streetshop.lab.nets.encoder_heads import DefaultEncoder
from streetshop.lab.nets.pooled import PooledEncoder
from streetshop.lab.nets.reader import ReaderNet
from streetshop.lab.train.data import choose_rows
from streetshop.lab.train.recipe import (
    ConverterRecipe,
    DetectorRecipe,
    EmbeddingRecipe,
    EncoderRecipe,
    FramingRecipe,
    PoseRecipe,
    ReaderRecipe,
    ViewClassifierRecipe,
)
from streetshop.lab.train.tasks.detect.data import FILE, load_detector_data
from streetshop.lab.train.trained import load_network, read_recipe
from streetshop.models.folder import open_bundle
from streetshop.models.reader import DEFAULT_READER
from streetshop.models.spec import ReaderSpec


def export_run(
    run: Path,
    out: Path,
    *,
    weights: str | None = None,
    half: bool = True,
    converter: Path | None = None,
    name: str | None = None,
    version: str | None = None,
) -> list[Path]:
    """Write a run's bundle.

    Args:
        run: the run's folder.
        out: where to write; must be absent or empty. A run with groups writes a bundle a group, in folders of their
            names.
        weights: ``best`` (by validation) or ``last``; default best of an embedding or a detector, last of others.
        half: whether weights may be stored in half precision.
        converter: of an embedding, a converter's run: queries go through it first (method 1 end to end).
        name: of the bundle; default the recipe's.
        version: of the bundle; default the recipe's.

    Returns:
        The folders written.

    Raises:
        RunError: the run is unfinished or a converter's, the folder exists, or an exported network disagrees with the
            trained one.
        UsageError: a converter is given for another kind than an embedding.
    """
    recipe = read_recipe(run)
    if isinstance(recipe, ConverterRecipe):
        raise RunError(
            "is a converter's run; it has no vectors",
            where=str(run),
            hint="Give an encoder's run, and this one as --converter",
        )
    if isinstance(recipe, ViewClassifierRecipe | PoseRecipe):
        raise RunError(
            f"is a run of kind {recipe.kind}, for comparison only: no bundle holds such a network",
            where=str(run),
            hint="The head that serves is trained by the recipe `view`",
        )
    if isinstance(recipe, EmbeddingRecipe):
        return export_embedding(
            run,
            out,
            weights=weights or "best",
            half=half,
            converter=converter,
            name=name,
            version=version or recipe.version,
        )
    if converter is not None:
        raise UsageError(f"a {recipe.kind} has no converter", where="--converter", hint="Leave it out")
    weights = weights or ("best" if isinstance(recipe, DetectorRecipe) else "last")
    named: dict[str, Any] = {key: value for key, value in (("name", name), ("version", version)) if value is not None}
    recipe = recipe.model_copy(update=named)
    about = files.read_json(run / files.RUN)
    network = load_network(run, weights=weights)
    if isinstance(recipe, DetectorRecipe):
        return [_detector(run, cast(Detector, network), recipe, about, out, half)]
    if isinstance(recipe, ReaderRecipe):
        ccp = Path(about["data"]) / "ccp"
        val = labelled_names(ccp, "val")
        return [export_reader(cast(ReaderNet, network), recipe, out, ccp=ccp, val=val, half=half)]
    if isinstance(recipe, EncoderRecipe):
        return [export_encoder(cast(DefaultEncoder, network), recipe, out, half=half)]
    pictures = about.get("train_rows", 0)
    if isinstance(recipe, FramingRecipe):
        reader = open_bundle(DEFAULT_READER, ReaderSpec)
        return [export_framing(cast(nn.Linear, network), recipe, out, reader=reader, pictures=pictures)]
    return [export_untrained(cast(PooledEncoder, network), recipe, out, pictures=pictures, half=half)]


def _detector(
    run: Path, network: Detector, recipe: DetectorRecipe, about: dict[str, Any], out: Path, half: bool
) -> Path:
    """The validation pictures of the run's manifest calibrate the scores."""
    manifest = Manifest.read(about["data"], root=files.read_json(run / FILE)["root"])
    if manifest.fingerprint != about["fingerprint"]:
        raise RunError(
            "the manifest has changed since the training", where=about["data"], hint="Put the earlier file back"
        )
    data = load_detector_data(choose_rows(manifest, recipe.data, recipe.seed), recipe, shown=False)
    use = f"trained on {about.get('train_pictures', 0)} pictures with {about.get('train_rows', 0)} boxes"
    learned = Dataset(name=manifest.name, use=use, licence=manifest.licence, fingerprint=manifest.fingerprint)
    return export_detector(network, recipe, data, out, trained_on=[learned], half=half)
