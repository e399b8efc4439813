"""``streetshop lab curate``: from a scraped pile to training data, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetshop.cli.options import JsonOption, print_json, say

if TYPE_CHECKING:
    from streetshop.lab.curate.encoders import EncoderChoice
    from streetshop.lab.curate.workplace import Curation

app = typer.Typer(
    help="Turn a scraped pile into training data: features, clusters, label, noise, duplicates, pairs, split, report.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="The curation's folder: everything found and decided is kept in it.")]
Data = Annotated[Path | None, typer.Option("--data", help="The manifest; needed once, to begin.")]
Root = Annotated[Path | None, typer.Option("--root", help="Where the manifest's pictures are, when they moved.")]
Bundle = Annotated[Path | None, typer.Option("--encoder", help="Features from this encoder bundle, not from a trunk.")]
Trunk = Annotated[str, typer.Option("--trunk", help="Features from this trunk: efficientnet_lite0, or any timm name.")]
Weights = Annotated[str, typer.Option("--weights", help="Of the trunk: imagenet, none, or a file.")]
Side = Annotated[int, typer.Option("--size", min=32, help="Side of the trunk's input in pixels.")]
Cache = Annotated[Path | None, typer.Option("--cache", help="Folder of features to share between curations.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads.")]
Ray = Annotated[str | None, typer.Option("--ray", help="Compute on this Ray cluster: host:port, auto, or local.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="With --ray: processes.")]
DropLast = Annotated[bool, typer.Option("--drop-last", help="A product may lose its last picture (it is listed).")]


@app.command()
def features(
    folder: Folder,
    data: Data = None,
    root: Root = None,
    encoder: Bundle = None,
    trunk: Trunk = "efficientnet_lite0",
    weights: Weights = "imagenet",
    size: Side = 224,
    cache: Cache = None,
    threads: Threads = 1,
    ray: Ray = None,
    workers: Workers = 2,
    as_json: JsonOption = False,
) -> None:
    """Step 1: a vector for every picture, computed once. The same command goes on after an interruption."""
    from streetshop.cli.progress import ProgressDisplay
    from streetshop.lab.curate.features import run_features

    curation = _begin(folder, data, root)
    choice = _choice(encoder, trunk, weights, size, threads)
    with ProgressDisplay("rows") as display:
        summary = run_features(
            curation,
            choice,
            cache=cache,
            threads=threads,
            ray=ray,
            workers=workers,
            report=lambda done, total: display.show("features", done, total),
        )
    _show(curation, "features", summary, as_json)


@app.command()
def clusters(
    folder: Folder,
    algorithm: Annotated[str, typer.Option("--algorithm", help="hdbscan or kmeans.")] = "hdbscan",
    count: Annotated[int | None, typer.Option("--count", min=1, help="kmeans: how many clusters.")] = None,
    least: Annotated[int | None, typer.Option("--least", min=2, help="hdbscan: pictures of the smallest.")] = None,
    project: Annotated[bool, typer.Option(help="hdbscan: in UMAP's five dimensions.")] = True,
    like: Annotated[
        Path | None, typer.Option("--like", help="Apply the clusters and decisions of this curation folder.")
    ] = None,
    accept_suggested: Annotated[
        bool, typer.Option("--accept-suggested", help="Undecided clusters go by their suggested verdict.")
    ] = False,
    drop_last: DropLast = False,
    threads: Threads = 1,
    as_json: JsonOption = False,
) -> None:
    """Step 2: clusters with contact sheets; drops those that people (or --accept-suggested) decided to drop.

    Decide with `label FOLDER clusters`, or write decisions/clusters.csv by hand; then run this again.
    """
    from streetshop.lab.curate.clusters import run_clusters
    from streetshop.lab.curate.workplace import Curation

    curation = Curation.open(folder)
    summary = run_clusters(
        curation,
        algorithm=_one_of("--algorithm", algorithm, ("hdbscan", "kmeans")),
        count=count,
        least=least,
        project=project,
        like=like,
        accept_suggested=accept_suggested,
        drop_last=drop_last,
        threads=threads,
    )
    _show(curation, "clusters", summary, as_json)
    say(f"look at {folder / 'clusters' / 'index.html'}")


@app.command()
def duplicates(
    folder: Folder,
    method: Annotated[str, typer.Option("--method", help="search, or umap as in the text of method 4.")] = "search",
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Least cosine (search), or largest distance (umap).")
    ] = None,
    threads: Threads = 1,
    as_json: JsonOption = False,
) -> None:
    """Step 4: of pictures that are copies of each other the best stays; several products never become one."""
    from streetshop.lab.curate.duplicates import run_duplicates
    from streetshop.lab.curate.workplace import Curation

    curation = Curation.open(folder)
    chosen = _one_of("--method", method, ("search", "umap"))
    summary = run_duplicates(curation, method=chosen, threshold=threshold, threads=threads)
    _show(curation, "duplicates", summary, as_json)


def _begin(folder: Path, data: Path | None, root: Path | None) -> Curation:
    from streetshop.lab.curate.workplace import Curation
    from streetshop.lab.manifest import Manifest

    return Curation.open(folder) if data is None else Curation.create(folder, Manifest.read(data, root=root))


def _choice(encoder: Path | None, trunk: str, weights: str, size: int, threads: int) -> EncoderChoice:
    from streetshop.lab.curate.encoders import EncoderChoice

    return EncoderChoice(None if encoder is None else str(encoder.resolve()), trunk, weights, size, threads)


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> Any:
    from streetshop.errors import UsageError

    if value not in allowed:
        raise UsageError(f"{option} {value!r}", hint=f"Use {' or '.join(allowed)}")
    return value


def _show(curation: Curation, step: str, summary: dict[str, Any], as_json: bool) -> None:
    """A step's numbers on stdout; long lists stay in the files."""
    if as_json:
        print_json(summary)
        return
    print(f"{step}: {summary['dropped']} of {summary['rows']} rows dropped")
    for name, value in summary.items():
        if not isinstance(value, list | dict) and name not in ("rows", "dropped") and value is not None:
            print(f"  {name.replace('_', ' ')}: {value}")
        elif isinstance(value, list) and value:
            print(f"  {name.replace('_', ' ')}: {len(value)}")
