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
Reviews = Annotated[
    Path | None, typer.Option("--reviews", help="CSV review,product,picture[,sender]: street pictures of products.")
]
Posts = Annotated[
    Path | None, typer.Option("--posts", help="CSV post,picture,tags[,sender]: tags name products by their ids.")
]
Bundle = Annotated[
    Path | None, typer.Option("--encoder", help="Features from this encoder bundle, not from a backbone.")
]
Backbone = Annotated[
    str, typer.Option("--backbone", help="Features from this backbone: efficientnet_lite0, or any timm name.")
]
Weights = Annotated[str, typer.Option("--weights", help="Of the backbone: imagenet, none, or a file.")]
Side = Annotated[int, typer.Option("--size", min=32, help="Side of the backbone's input in pixels.")]
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
    """Step 1: a vector for every picture, computed once. The same command goes on after an interruption."""
    from streetshop.cli.progress import ProgressDisplay
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
        float | None,
        typer.Option("--threshold", help="Least likeness of pixels (search, 0.8), or largest distance (umap)."),
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


Precision = Annotated[float, typer.Option("--precision", min=0.5, max=1.0, help="Asked for at the operating point.")]
Rank = Annotated[float, typer.Option("--rank", min=0.0, max=1.0, help="A claim must beat this share of its category.")]
Shares = Annotated[str, typer.Option("--shares", help="Of train/val/test.")]
Seed = Annotated[int, typer.Option("--seed", help="Of everything drawn.")]


@app.command()
def label(
    folder: Folder,
    what: Annotated[str, typer.Argument(help="pictures (noise or clean), clusters, or pairs.")] = "pictures",
    count: Annotated[int, typer.Option("--count", min=1, help="pictures: how many; pairs: checked and others.")] = 400,
    port: Annotated[int, typer.Option("--port", help="Of the page, on this machine only; 0 takes any.")] = 8765,
    seed: Seed = 0,
) -> None:
    """A local page to decide on: k keeps, d drops, u takes back. Every decision is saved at once."""
    from streetshop.lab.curate import deciding
    from streetshop.lab.curate.page import create_page, serve_page
    from streetshop.lab.curate.workplace import Curation

    curation = Curation.open(folder)
    _one_of("what to label", what, ("pictures", "clusters", "pairs"))
    title, cards, decisions = deciding.deck(curation, what, count, seed)
    page = create_page(title, cards, curation.manifest, decisions)
    say(f"{len(cards)} {what}; decisions go to {decisions.path}; stop with Ctrl-C, then run the step again")
    serve_page(page, port, started=lambda url: say(f"open {url}"))


@app.command()
def noise(
    folder: Folder,
    classifier: Annotated[
        str, typer.Option("--classifier", help="logistic, or mlp: one small hidden layer.")
    ] = "logistic",
    precision: Precision = 0.95,
    threshold: Annotated[float | None, typer.Option("--threshold", help="Drop from this probability on.")] = None,
    drop_last: DropLast = False,
    seed: Seed = 0,
    as_json: JsonOption = False,
) -> None:
    """Step 3: learn from the labels which pictures are noise; drop those that are with enough certainty."""
    from streetshop.lab.curate.noise import run_noise
    from streetshop.lab.curate.workplace import Curation

    curation = Curation.open(folder)
    kind = _one_of("--classifier", classifier, ("logistic", "mlp"))
    summary = run_noise(curation, kind=kind, precision=precision, threshold=threshold, drop_last=drop_last, seed=seed)
    _show(curation, "noise", summary, as_json)


@app.command()
def pairs(folder: Folder, rank: Rank = 0.25, threads: Threads = 1, seed: Seed = 0, as_json: JsonOption = False) -> None:
    """Step 5: which products that reviews and posts claim does a street picture show?"""
    from streetshop.lab.curate.pairs import run_pairs
    from streetshop.lab.curate.workplace import Curation

    curation = Curation.open(folder)
    _show(curation, "pairs", run_pairs(curation, rank=rank, threads=threads, seed=seed), as_json)


@app.command()
def split(folder: Folder, shares: Shares = "80/10/10", seed: Seed = 0, as_json: JsonOption = False) -> None:
    """Step 6: train, val and test by product, duplicates and senders on one side; writes curated.parquet."""
    from streetshop.lab.curate.splitting import run_split
    from streetshop.lab.curate.workplace import Curation

    curation = Curation.open(folder)
    _show(curation, "split", run_split(curation, _fractions(shares), seed=seed), as_json)


@app.command()
def report(folder: Folder) -> None:
    """Step 7: report.html and a data card, from what the steps found."""
    from streetshop.lab.curate.report import write_report
    from streetshop.lab.curate.workplace import Curation

    for path in write_report(Curation.open(folder)):
        print(path)


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
    algorithm: Annotated[str, typer.Option("--algorithm", help="hdbscan or kmeans.")] = "hdbscan",
    accept_suggested: Annotated[
        bool, typer.Option("--accept-suggested", help="Undecided clusters go by their suggested verdict.")
    ] = False,
    shares: Shares = "80/10/10",
    threads: Threads = 1,
    ray: Ray = None,
    workers: Workers = 2,
    seed: Seed = 0,
) -> None:
    """All steps in order with their defaults. Decide and label, then run it again: features are not computed twice."""
    from streetshop.cli.progress import ProgressDisplay
    from streetshop.lab.curate.clusters import run_clusters
    from streetshop.lab.curate.duplicates import run_duplicates
    from streetshop.lab.curate.features import run_features
    from streetshop.lab.curate.noise import read_labels, run_noise
    from streetshop.lab.curate.pairs import run_pairs
    from streetshop.lab.curate.report import write_report
    from streetshop.lab.curate.splitting import run_split

    curation = _begin(folder, data, root, reviews, posts)
    chosen = _one_of("--algorithm", algorithm, ("hdbscan", "kmeans"))
    fractions = _fractions(shares)
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
        print(path)


def _begin(
    folder: Path, data: Path | None, root: Path | None, reviews: Path | None = None, posts: Path | None = None
) -> Curation:
    from streetshop.core.errors import UsageError
    from streetshop.lab.curate.claims import read_posts, read_reviews, with_claims
    from streetshop.lab.curate.workplace import Curation
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


def _fractions(shares: str) -> dict[str, float]:
    from streetshop.core.errors import UsageError

    try:
        values = [float(share) for share in shares.split("/")]
    except ValueError:
        values = []
    if len(values) != 3 or min(values) < 0 or sum(values) <= 0:
        raise UsageError(f"--shares {shares!r}", hint="Give shares of train, val and test, e.g. 80/10/10")
    return {name: value / sum(values) for name, value in zip(("train", "val", "test"), values, strict=True)}


def _choice(encoder: Path | None, backbone: str, weights: str, size: int, threads: int) -> EncoderChoice:
    from streetshop.lab.curate.encoders import EncoderChoice

    return EncoderChoice(None if encoder is None else str(encoder.resolve()), backbone, weights, size, threads)


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> Any:
    from streetshop.core.errors import UsageError

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
        elif name == "cross_validation":
            for rate in ("precision", "recall"):
                print(f"  {rate}: {value[rate]['value']:.3f} [{value[rate]['low']:.3f}, {value[rate]['high']:.3f}]")
        elif name == "leaks":
            print(f"  leaks: {sum(value.values())}")
        elif isinstance(value, list) and value and name.endswith("interval"):
            print(f"  {name.replace('_', ' ')}: {value[0]} to {value[1]}")
        elif isinstance(value, list) and value:
            print(f"  {name.replace('_', ' ')}: {len(value)}")
