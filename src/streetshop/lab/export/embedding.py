"""A trained run to a bundle that the serving side loads at once."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from streetshop.core.errors import RunError
from streetshop.lab.core.progress import say
from streetshop.lab.nets import Encoder
from streetshop.lab.nets.onnx_files import store_halved
from streetshop.lab.train.recipe import AttentionHeadPart, EmbeddingRecipe
from streetshop.lab.train.trained import Trained, load_run
from streetshop.models.colour import COLOUR_DIM
from streetshop.models.folder import CARD_FILE, file_sha256, write_spec
from streetshop.models.spec import BlockSpec, EncoderSpec, InputSpec

MODEL, SHOP_MODEL = "model.onnx", "model-shop.onnx"

TOLERANCE = 1e-4
"""How far a number of a unit block may be from the network's, stored in full."""

HALF_COSINE = 0.9995
"""How near a block must stay, by cosine, for its weights to be stored in half precision."""


class _Outputs(nn.Module):
    """The network as the serving side runs it: scaled pixels in, one output a block."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.encoder(image, scaled=True).blocks.values())


def export(
    run: str | Path,
    out: str | Path,
    *,
    weights: str = "best",
    half: bool = True,
    converter: str | Path | None = None,
    name: str | None = None,
    version: str = "1",
) -> list[Path]:
    """Write a run's bundle: ``model.onnx`` (and ``model-shop.onnx`` for two streams), ``bundle.json``, ``card.md``.

    The ONNX files are run and compared with the network before anything is kept.

    Args:
        run: the run's folder.
        out: where to write; must not exist. A run with groups writes a bundle a group, in folders of their names.
        weights: ``best`` (by validation) or ``last``.
        half: store weights in half precision on disk where every block keeps its direction (cosine >= 0.9995).
        converter: a converter's run: queries go through it first (method 1 end to end).
        name, version: of the bundle; the name defaults to the recipe's.

    Returns:
        The folders written.

    Raises:
        RunError: the run cannot be loaded, the folder exists, or an exported file disagrees with the network.
    """
    loaded = load_run(run, weights=weights, converter=converter)
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError("already exists", where=str(out), hint="Choose another folder for --out")
    folders = []
    for group, trained in loaded.encoders.items():
        title = name or (f"{trained.recipe.name}-{group}" if group else trained.recipe.name)
        folder = out / group if group else out
        _write(trained, folder, title, version, weights, half, converter is not None)
        folders.append(folder)
    return folders


def bundle_input(recipe: EmbeddingRecipe, trained: Trained) -> InputSpec:
    """The serving side's word for what the network is shown."""
    scale = trained.streams.encoders()[-1].backbone.scale
    part = recipe.input
    return InputSpec(
        width=part.width,
        height=part.height,
        fit=part.fit,
        background=part.background,
        mean=scale.mean,
        std=scale.std,
    )


def _write(trained: Trained, folder: Path, name: str, version: str, weights: str, half: bool, converted: bool) -> None:
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        streams = trained.streams.cpu().eval()
        models = {MODEL: streams.query}
        if streams.gallery is not None:
            models[SHOP_MODEL] = streams.gallery
        stored = {file: _export(encoder, partial / file, trained.recipe, half) for file, encoder in models.items()}
        spec = EncoderSpec(
            name=name,
            version=version,
            input=bundle_input(trained.recipe, trained),
            blocks=_blocks(trained),
            cut=trained.recipe.input.cut,
            margin=trained.recipe.input.margin,
            shop_model=SHOP_MODEL if SHOP_MODEL in models else None,
            files={file: file_sha256(partial / file) for file in models},
            about=trained.recipe.about,
        )
        write_spec(partial, spec)
        card = _card(trained, spec, weights, stored, converted)
        (partial / CARD_FILE).write_text(card, encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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


def _export(encoder: Encoder, path: Path, recipe: EmbeddingRecipe, half: bool) -> str:
    """Export one stream, compare it with the network, halve it where that is harmless; returns how it is stored."""
    names = list(encoder.dims)
    model = _Outputs(encoder).eval()
    shape = (recipe.input.height, recipe.input.width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model,
            (torch.zeros(2, 3, *shape),),
            str(path),
            input_names=["image"],
            output_names=names,
            dynamic_axes={axis: {0: "n"} for axis in ["image", *names]},
            opset_version=17,
            dynamo=False,  # the dynamo exporter keeps batch norms that this one folds into the convolutions
        )
    probe = _probe(shape)
    with torch.inference_mode():
        wanted = [_unit(value.numpy()) for value in model(torch.from_numpy(probe))]
    found = _run(path, names, probe)
    off = max(float(np.abs(a - b).max()) for a, b in zip(wanted, found, strict=True))
    if not off < TOLERANCE:
        raise RunError(
            f"the exported network differs from the trained one by {off:.2g}",
            where=path.name,
            hint="The backbone uses something that ONNX does otherwise; choose another backbone",
        )
    if not half:
        return f"single precision, off by at most {off:.1g}"
    full = path.read_bytes()
    store_halved(path)
    cosine = min(float((a * b).sum(1).min()) for a, b in zip(wanted, _run(path, names, probe), strict=True))
    if cosine >= HALF_COSINE:
        return f"half precision on disk, cosine to the trained network at least {cosine:.5f}"
    path.write_bytes(full)
    say(f"{path.name}: kept in single precision (half precision reaches a cosine of {cosine:.4f})")
    return f"single precision, off by at most {off:.1g}"


def _probe(shape: tuple[int, int]) -> NDArray[np.float32]:
    """(4, 3, h, w) scaled pictures of coloured noise at several scales, from black to bright."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.normal(0, 1, (4, 3, 5, 5)).astype(np.float32))
    smooth = functional.interpolate(coarse, shape, mode="bilinear", align_corners=False).numpy()
    fine = rng.normal(0, 0.3, (4, 3, *shape))
    return np.clip(0.6 * smooth + fine, -1, 1).astype(np.float32)


def _run(path: Path, names: Sequence[str], probe: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return [_unit(value) for value in session.run(list(names), {"image": probe})]


def _unit(value: NDArray[np.float32]) -> NDArray[np.float32]:
    return value / np.maximum(np.linalg.norm(value, axis=1, keepdims=True), 1e-12)


def _card(trained: Trained, spec: EncoderSpec, weights: str, stored: dict[str, str], converted: bool) -> str:
    about: dict[str, Any] = dict(trained.about)
    recipe = trained.recipe
    score = about.get("score")
    digest = hashlib.sha256("".join(sorted(spec.files.values())).encode()).hexdigest()[:16]
    blocks = ", ".join(f"{b.name} ({b.dim}{', CIELAB histogram' if b.source == 'cielab' else ''})" for b in spec.blocks)
    streams = "two: street pictures and shop pictures have a network each" if spec.shop_model else "one"
    if converted:
        streams = "two: street pictures go through the converter first"
    euclidean = recipe.validation.distance == "euclidean" and not trained.streams.encoders()[-1].normalise
    lines = [
        f"# {spec.name}, version {spec.version}",
        "",
        recipe.about,
        "",
        "| | |",
        "|---|---|",
        f"| recipe | `{recipe.name}` |",
        f"| backbone | {recipe.model.backbone.name}, from {recipe.model.backbone.weights} weights |",
        f"| blocks | {blocks} |",
        f"| streams | {streams} |",
        *(["| distance | trained for Euclidean distance; the serving side compares directions |"] if euclidean else []),
        f"| input | {spec.input.width} x {spec.input.height}, {spec.input.fit}, cut by {spec.cut} |",
        f"| trained on | {about.get('manifest') or 'a manifest'} `{about.get('fingerprint')}`: "
        f"{about.get('train_rows')} pictures of {about.get('train_products')} products |",
        f"| training | {about.get('steps')} batches, {about.get('seconds')} s on {about.get('device')} |",
        f"| validation | MAP@{recipe.validation.k} (min(k, R)) "
        + (f"{score:.4f}" if isinstance(score, float) else "none")
        + f" on {about.get('val_rows')} pictures; weights: {weights} |",
        *(f"| {file} | {how} |" for file, how in stored.items()),
        f"| files | `{digest}` |",
        "",
        "Validation pictures choose the weights, so their score is no test. The licence of the pictures it was trained",
        "on may bind what the weights are used for.",
        "",
    ]
    return "\n".join(lines)
