"""``streetshop lab curate``: from collected pictures to training data, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetshop.cli.options import JsonOption, echo, print_json, say

if TYPE_CHECKING:
    from streetshop.lab.curate.curation import Curation
    from streetshop.lab.curate.encoders import EncoderChoice

app = typer.Typer(
    help="Curate collected pictures for training: features, clusters, label, noise, duplicates, pairs, split, report.",
    no_args_is_help=True,
)

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The curation's folder, with all results and decisions.")
]
Data = Annotated[Path | None, typer.Option("--data", metavar="MANIFEST", help="The manifest; needed once, to start.")]
Root = Annotated[Path | None, typer.Option("--root", metavar="FOLDER", help="The pictures' folder, if they moved.")]
Reviews = Annotated[
    Path | None,
    typer.Option("--reviews", metavar="FILE", help="CSV review,product,picture[,sender]: street pictures of products."),
]
Posts = Annotated[
    Path | None,
    typer.Option("--posts", metavar="FILE", help="CSV post,picture,tags[,sender]: tags are product ids."),
]
Bundle = Annotated[
    Path | None,
    typer.Option(
        "--encoder", metavar="FOLDER", help="Encoder bundle to compute features with, in place of a backbone."
    ),
]
Backbone = Annotated[
    str, typer.Option("--backbone", metavar="NAME", help="Backbone for features: efficientnet_lite0, or any timm name.")
]
Weights = Annotated[str, typer.Option("--weights", metavar="NAME", help="Of the backbone: imagenet, none, or a file.")]
Side = Annotated[int, typer.Option("--size", metavar="PIXELS", min=32, help="Side of the backbone's input.")]
Cache = Annotated[Path | None, typer.Option("--cache", metavar="FOLDER", help="Features to share between curations.")]
Threads = Annotated[int, typer.Option("--threads", metavar="N", min=1, help="Number of threads.")]
Ray = Annotated[
    str | None, typer.Option("--ray", metavar="ADDRESS", help="Compute on a Ray cluster: host:port, auto, or local.")
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Number of Ray processes.")]
DropLast = Annotated[bool, typer.Option("--drop-last", help="Let a product lose its last picture; it is listed.")]


@app.command()
def features(
    folder: Folder,
    data: Data = None,
    root: Root = None,
    reviews: Reviews = None,
    posts: Posts = None,
    encoder: Bundle = None,
    backbone: Backbone = "efficientnet_lite0",
    weights: Weights = "imagenet",
    size: Side = 224,
    cache: Cache = None,
    threads: Threads = 1,
    ray: Ray = None,
    workers: Workers = 2,
    as_json: JsonOption = False,
) -> None:
    """Step 1: embed every picture once. An interrupted run resumes."""
    from streetshop.core.progress import ProgressDisplay
    from streetshop.lab.curate.features import run_features

    curation = _begin(folder, data, root, reviews, posts)
    choice = _choice(encoder, backbone, weights, size, threads)
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
    algorithm: Annotated[str, typer.Option("--algorithm", metavar="NAME", help="hdbscan or kmeans.")] = "hdbscan",
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, help="kmeans: number of clusters.")
    ] = None,
    least: Annotated[
        int | None, typer.Option("--least", metavar="N", min=2, help="hdbscan: size of the smallest cluster.")
    ] = None,
    project: Annotated[bool, typer.Option(help="hdbscan: cluster a five-dimensional UMAP projection.")] = True,
    like: Annotated[
        Path | None, typer.Option("--like", metavar="FOLDER", help="Apply the clusters and decisions of this curation.")
    ] = None,
    accept_suggested: Annotated[
        bool, typer.Option("--accept-suggested", help="Undecided clusters take their suggested verdict.")
    ] = False,
    drop_last: DropLast = False,
    threads: Threads = 1,
    as_json: JsonOption = False,
) -> None:
    """Step 2: cluster the pictures, write contact sheets, and drop clusters with the verdict drop.

    Decide with `label FOLDER clusters`, or write decisions/clusters.csv by hand; then run this again.
    """
    from streetshop.lab.curate.clusters import run_clusters
    from streetshop.lab.curate.curation import Curation

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
    method: Annotated[str, typer.Option("--method", metavar="NAME", help="search, or umap as in method 4.")] = "search",
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", metavar="X", help="Least pixel similarity (search, 0.8), or largest distance (umap, 0.05)."
        ),
    ] = None,
    threads: Threads = 1,
    as_json: JsonOption = False,
) -> None:
    """Step 4: keep the best of near duplicates; products are never merged."""
    from streetshop.lab.curate.curation import Curation
    from streetshop.lab.curate.duplicates import run_duplicates

    curation = Curation.open(folder)
    chosen = _one_of("--method", method, ("search", "umap"))
    summary = run_duplicates(curation, method=chosen, threshold=threshold, threads=threads)
    _show(curation, "duplicates", summary, as_json)


Precision = Annotated[float, typer.Option("--precision", metavar="X", min=0.5, max=1.0, help="Target precision.")]
Rank = Annotated[
    float, typer.Option("--rank", metavar="X", min=0.0, max=1.0, help="Share of its category that a claim must beat.")
]
Shares = Annotated[str, typer.Option("--shares", metavar="N/N/N", help="Shares of train, val and test.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Random seed.")]


@app.command()
def label(
    folder: Folder,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="pictures (noise or clean), clusters, or pairs.")
    ] = "pictures",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="Number of pictures, or of agreeing and of other pairs.")
    ] = 400,
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="Port on this machine; 0 takes any free one.")
    ] = 8765,
    seed: Seed = 0,
) -> None:
    """Serve a local page for decisions: keys k, d, and u for undo. Every decision is saved at once."""
    from streetshop.lab.curate.cards import cards_of
    from streetshop.lab.curate.curation import Curation
    from streetshop.lab.curate.page import create_page, serve_page

    curation = Curation.open(folder)
    _one_of("what to label", what, ("pictures", "clusters", "pairs"))
    title, cards, decisions = cards_of(curation, what, count, seed)
    page = create_page(title, cards, curation.manifest, decisions)
    say(f"{len(cards)} {what}; decisions go to {decisions.path}; stop with Ctrl-C, then run the step again")
    serve_page(page, port, started=lambda url: say(f"open {url}"))


@app.command()
def noise(
    folder: Folder,
    classifier: Annotated[
        str, typer.Option("--classifier", metavar="NAME", help="logistic, or mlp with one hidden layer.")
    ] = "logistic",
    precision: Precision = 0.95,
    threshold: Annotated[
        float | None, typer.Option("--threshold", metavar="X", help="Drop from this probability on.")
    ] = None,
    drop_last: DropLast = False,
    seed: Seed = 0,
    as_json: JsonOption = False,
) -> None:
    """Step 3: train a noise classifier on the labels and drop what is probably noise."""
    from streetshop.lab.curate.curation import Curation
    from streetshop.lab.curate.noise import run_noise

    curation = Curation.open(folder)
    kind = _one_of("--classifier", classifier, ("logistic", "mlp"))
    summary = run_noise(curation, kind=kind, precision=precision, threshold=threshold, drop_last=drop_last, seed=seed)
    _show(curation, "noise", summary, as_json)


@app.command()
def pairs(folder: Folder, rank: Rank = 0.25, threads: Threads = 1, seed: Seed = 0, as_json: JsonOption = False) -> None:
    """Step 5: check which of the products claimed by reviews and posts a street picture shows."""
    from streetshop.lab.curate.curation import Curation
    from streetshop.lab.curate.pairs import run_pairs

    curation = Curation.open(folder)
    _show(curation, "pairs", run_pairs(curation, rank=rank, threads=threads, seed=seed), as_json)


@app.command()
def split(folder: Folder, shares: Shares = "80/10/10", seed: Seed = 0, as_json: JsonOption = False) -> None:
    """Step 6: split by product, sender and duplicates into train, val and test; write curated.parquet."""
    from streetshop.lab.curate.curation import Curation
    from streetshop.lab.curate.splitting import run_split
    from streetshop.lab.data.splits import parse_fractions

    curation = Curation.open(folder)
    _show(curation, "split", run_split(curation, parse_fractions(shares, "--shares"), seed=seed), as_json)


@app.command()
def report(folder: Folder) -> None:
    """Step 7: write report.html and a data card."""
    from streetshop.lab.curate.curation import Curation
    from streetshop.lab.curate.report import write_report

    for path in write_report(Curation.open(folder)):
        echo(str(path))


@app.command()
def run(
    folder: Folder,
    data: Data = None,
    root: Root = None,
    reviews: Reviews = None,
    posts: Posts = None,
    encoder: Bundle = None,
    backbone: Backbone = "efficientnet_lite0",
    weights: Weights = "imagenet",
    size: Side = 224,
    cache: Cache = None,
    algorithm: Annotated[str, typer.Option("--algorithm", metavar="NAME", help="hdbscan or kmeans.")] = "hdbscan",
    accept_suggested: Annotated[
        bool, typer.Option("--accept-suggested", help="Undecided clusters take their suggested verdict.")
    ] = False,
    shares: Shares = "80/10/10",
    threads: Threads = 1,
    ray: Ray = None,
    workers: Workers = 2,
    seed: Seed = 0,
) -> None:
    """Run all steps with their defaults. Decide and label, then run it again; features are reused."""
    from streetshop.core.progress import ProgressDisplay
    from streetshop.lab.curate.clusters import run_clusters
    from streetshop.lab.curate.duplicates import run_duplicates
    from streetshop.lab.curate.features import run_features
    from streetshop.lab.curate.noise import read_labels, run_noise
    from streetshop.lab.curate.pairs import run_pairs
    from streetshop.lab.curate.report import write_report
    from streetshop.lab.curate.splitting import run_split
    from streetshop.lab.data.splits import parse_fractions

    curation = _begin(folder, data, root, reviews, posts)
    chosen = _one_of("--algorithm", algorithm, ("hdbscan", "kmeans"))
    fractions = parse_fractions(shares, "--shares")
    choice = _choice(encoder, backbone, weights, size, threads)
    with ProgressDisplay("rows") as display:
        found = run_features(
            curation,
            choice,
            cache=cache,
            threads=threads,
            ray=ray,
            workers=workers,
            report=lambda done, total: display.show("features", done, total),
        )
    _show(curation, "features", found, False)
    found = run_clusters(curation, algorithm=chosen, accept_suggested=accept_suggested, threads=threads, seed=seed)
    _show(curation, "clusters", found, False)
    if read_labels(curation).verdicts:
        _show(curation, "noise", run_noise(curation, seed=seed), False)
    else:
        say(f"noise: skipped, no pictures are labelled; `streetshop lab curate label {folder}`, then run this again")
    _show(curation, "duplicates", run_duplicates(curation, threads=threads), False)
    _show(curation, "pairs", run_pairs(curation, threads=threads, seed=seed), False)
    _show(curation, "split", run_split(curation, fractions, seed=seed), False)
    for path in write_report(curation):
        echo(str(path))


def _begin(
    folder: Path, data: Path | None, root: Path | None, reviews: Path | None = None, posts: Path | None = None
) -> Curation:
    from streetshop.core.errors import UsageError
    from streetshop.lab.curate.claims import read_posts, read_reviews, with_claims
    from streetshop.lab.curate.curation import Curation
    from streetshop.lab.data.manifest import Manifest

    if data is None:
        if reviews or posts:
            raise UsageError("--reviews and --posts belong to --data", hint="Give the manifest too")
        return Curation.open(folder)
    manifest = Manifest.read(data, root=root)
    claims = [read(path, manifest) for read, path in ((read_reviews, reviews), (read_posts, posts)) if path is not None]
    for refused in (line for part in claims for line in part.refused):
        say(f"refused {refused}")
    return Curation.create(folder, with_claims(manifest, claims) if claims else manifest)


def _choice(encoder: Path | None, backbone: str, weights: str, size: int, threads: int) -> EncoderChoice:
    from streetshop.lab.curate.encoders import EncoderChoice

    return EncoderChoice(None if encoder is None else str(encoder.resolve()), backbone, weights, size, threads)


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> Any:
    from streetshop.core.errors import UsageError

    if value not in allowed:
        raise UsageError(f"{option} {value!r}", hint=f"Use {' or '.join(allowed)}")
    return value


def _show(curation: Curation, step: str, summary: dict[str, Any], as_json: bool) -> None:
    """Print a step's numbers; long lists are in the files."""
    if as_json:
        print_json(summary)
        return
    echo(f"{step}: {summary['dropped']} of {summary['rows']} rows dropped")
    for name, value in summary.items():
        if not isinstance(value, list | dict) and name not in ("rows", "dropped") and value is not None:
            echo(f"  {name.replace('_', ' ')}: {value}")
        elif name == "cross_validation":
            for rate in ("precision", "recall"):
                echo(f"  {rate}: {value[rate]['value']:.3f} [{value[rate]['low']:.3f}, {value[rate]['high']:.3f}]")
        elif name == "leaks":
            echo(f"  leaks: {sum(value.values())}")
        elif isinstance(value, list) and value and name.endswith("interval"):
            echo(f"  {name.replace('_', ' ')}: {value[0]} to {value[1]}")
        elif isinstance(value, list) and value:
            echo(f"  {name.replace('_', ' ')}: {len(value)}")
