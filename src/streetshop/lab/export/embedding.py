"""Export a run of kind ``embedding``: one network, or two streams, or method 1's converter before the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from streetshop.core.kinds import KINDS
from streetshop.feeds.kinds import TAXONOMY, KindWords
from streetshop.lab.evaluate.report import Dataset, Figure, Report, Section
from streetshop.lab.export.bundle import MODEL, Network, check_free, export_bundle, probe_images
from streetshop.lab.train.embedding_parts import AttentionHeadPart
from streetshop.lab.train.recipe import EmbeddingRecipe
from streetshop.lab.train.trained import Trained, load_run
from streetshop.models.colour import COLOUR_DIM
from streetshop.models.folder import write_spec
from streetshop.models.spec import BlockSpec, EncoderSpec, GroupsSpec, InputSpec

SHOP_MODEL = "model-shop.onnx"


class _Blocks(nn.Module):
    """An encoder as the serving side runs it: scaled pixels in, one output a block."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.encoder(image, scaled=True).blocks.values())


def export_embedding(
    run: Path,
    out: Path,
    *,
    weights: str = "best",
    half: bool = True,
    converter: Path | None = None,
    name: str | None = None,
    version: str = "1",
) -> list[Path]:
    """Write the bundle of a run, or of each of its groups.

    Args:
        run: the run's folder.
        out: the bundle's folder; must be absent or empty. A run with groups writes a bundle for each, below it, and a
            ``bundle.json`` that says which kinds of garments each encodes, so that the folder serves as one encoder.
        weights: ``best`` (by validation) or ``last``.
        half: whether weights may be stored in half precision.
        converter: a converter's run: queries pass through it first (method 1 end to end).
        name: of the bundle; default: the recipe's.
        version: of the bundle.

    Returns:
        The folders written.

    Raises:
        RunError: the run cannot be loaded, the folder exists, or an exported network disagrees with the trained one.
    """
    loaded = load_run(run, weights=weights, converter=converter)
    check_free(out)
    folders = []
    for group, trained in loaded.encoders.items():
        title = name or (f"{trained.recipe.name}-{group}" if group else trained.recipe.name)
        spec = embedding_spec(trained, title, version)
        streams = trained.streams.cpu().eval()
        models = {MODEL: streams.query} | ({} if streams.gallery is None else {SHOP_MODEL: streams.gallery})
        networks = {
            file: Network(_Blocks(encoder), tuple(encoder.dims), probe_images(spec.input))
            for file, encoder in models.items()
        }
        report = embedding_report(trained, spec, weights, converted=converter is not None)
        folders.append(export_bundle(out / group if group else out, networks, spec, report, half=half))
    if "" not in loaded.encoders:
        recipe = next(iter(loaded.encoders.values())).recipe
        write_spec(out, groups_spec(recipe, list(loaded.encoders), name or recipe.name, version))
    return folders


def groups_spec(recipe: EmbeddingRecipe, groups: Sequence[str], name: str, version: str) -> GroupsSpec:
    """Which kinds the encoder of each group is for.

    A kind belongs to the group that has most of its words among its categories, the first of equals. Kinds of no group
    are left to the group ``other`` if there is one, else to the first.

    Args:
        recipe: with ``data.groups``.
        groups: those that were trained.
        name: of the folder's ``bundle.json``.
        version: likewise.
    """
    words = {
        group: Counter(TAXONOMY.find(KindWords(categories=(one,))).kind for one in recipe.data.groups.get(group, ()))
        for group in groups
    }
    owners = {kind: max(groups, key=lambda group: words[group][kind]) for kind in KINDS}
    return GroupsSpec(
        name=name,
        version=version,
        groups={
            group: tuple(kind for kind, owner in owners.items() if owner == group and words[group][kind])
            for group in groups
        },
        fallback="other" if "other" in groups else groups[0],
        about=recipe.about,
    )


def embedding_spec(trained: Trained, name: str, version: str) -> EncoderSpec:
    """The bundle's spec, without checksums."""
    part, scale = trained.recipe.input, trained.streams.encoders()[-1].backbone.scale
    shop = None if trained.streams.gallery is None else SHOP_MODEL
    return EncoderSpec(
        name=name,
        version=version,
        input=InputSpec(
            width=part.width,
            height=part.height,
            fit=part.fit,
            background=part.background,
            mean=scale.mean,
            std=scale.std,
        ),
        blocks=_blocks(trained),
        cut=part.cut,
        margin=part.margin,
        shop_model=shop,
        files=dict.fromkeys([MODEL, *([shop] if shop else [])], ""),
        about=trained.recipe.about,
    )


def _blocks(trained: Trained) -> tuple[BlockSpec, ...]:
    head = trained.recipe.model.head
    dims = trained.streams.query.dims
    if isinstance(head, AttentionHeadPart):
        return (BlockSpec(name=head.name, dim=dims[head.name]),)
    return tuple(
        BlockSpec(
            name=block.name,
            dim=COLOUR_DIM if block.source == "cielab" else dims[block.name],
            weight=block.weight,
            source=block.source,
        )
        for block in head.blocks
    )


def embedding_report(trained: Trained, spec: EncoderSpec, weights: str, *, converted: bool = False) -> Report:
    """What a run is known to be before it is measured: recipe, data, time, validation.

    Args:
        trained: an encoder of the run.
        spec: of its bundle.
        weights: ``best`` or ``last``.
        converted: whether street pictures pass through a converter.
    """
    recipe, about = trained.recipe, trained.about
    streams = "two: street pictures and shop pictures have a network each" if spec.shop_model else "one"
    facts = {
        "backbone": f"{recipe.model.backbone.name}, from {recipe.model.backbone.weights} weights",
        "blocks": ", ".join(
            f"{b.name} ({b.dim}{', CIELAB histogram' if b.source == 'cielab' else ''})" for b in spec.blocks
        ),
        "streams": "two: street pictures pass through the converter first" if converted else streams,
        "garment picture": f"cut by {spec.cut}, margin {spec.margin:g}",
        "training": f"{about.get('steps')} batches, {about.get('seconds')} s on {about.get('device')}",
        "weights": weights,
    }
    if recipe.validation.distance == "euclidean" and not trained.streams.encoders()[-1].normalise:
        facts["distance"] = "trained for Euclidean distance; the serving side compares directions"
    score = about.get("score")
    sections = []
    if isinstance(score, float):
        metric = f"MAP@{recipe.validation.k}"
        sections.append(
            Section(
                title="Validation",
                about="Divided by min(k, R). Validation chose the weights, so this is no test.",
                columns=("value",),
                rows={metric: (Figure(value=score, count=_count(about.get("val_rows")), digits=4),)},
            )
        )
    return Report(
        name=spec.name,
        version=spec.version,
        kind="embedding",
        summary=recipe.about,
        facts=facts,
        recipe=f"`{recipe.name}`",
        data=(
            Dataset(
                name=str(about.get("manifest") or "a manifest"),
                use=f"trained on {about.get('train_rows')} pictures of {about.get('train_products')} products",
                fingerprint=str(about.get("fingerprint") or ""),
            ),
        ),
        measured=f"{about.get('val_rows')} validation pictures.",
        sections=tuple(sections),
        limits=("The licence of the training pictures may restrict what the weights are used for.",),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
