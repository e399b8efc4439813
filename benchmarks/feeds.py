"""Rows per second of reading feeds, against other readers of the same file in the same run.

``python benchmarks/feeds.py FOLDER [--rows N]`` writes a feed of N rows as CSV, JSON lines and XML to the folder, and
reads each in a process of its own, in seconds of processor time. ``read_feed`` makes products, with all passes;
``records`` is one pass that gives rows; the standard library's reader makes a dictionary of each row too
(``csv.DictReader``, ``json.loads``, ``ElementTree.iterparse``); pyarrow makes a table. Peak memory is that of the
process, in MiB above its start.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NAMES = ("id", "title", "price", "availability", "product_type", "brand", "item_group_id", "link", "image_link")


def _values(number: int) -> list[str]:
    return [
        f"sku-{number}",
        f"Dress no. {number}, with a belt & buttons",
        f"{number % 200}.90 EUR",
        "in stock" if number % 7 else "out of stock",
        "Women > Clothing > Dresses",
        f"Brand {number % 50}",
        f"design-{number // 4}",
        f"https://shop.example/products/{number}",
        f"https://cdn.shop.example/images/{number}.jpg",
    ]


def write(folder: Path, rows: int) -> dict[str, Path]:
    """The feed in each form."""
    paths = {form: folder / f"feed.{form}" for form in ("csv", "jsonl", "xml")}
    if all(path.exists() for path in paths.values()):
        return paths
    with (
        paths["csv"].open("w", encoding="utf-8", newline="") as table,
        paths["jsonl"].open("w", encoding="utf-8") as lines,
        paths["xml"].open("w", encoding="utf-8") as xml,
    ):
        writer = csv.writer(table)
        writer.writerow(NAMES)
        xml.write('<rss xmlns:g="http://base.google.com/ns/1.0"><channel>\n')
        for number in range(rows):
            values = _values(number)
            writer.writerow(values)
            lines.write(json.dumps(dict(zip(NAMES, values, strict=True))) + "\n")
            escaped = (value.replace("&", "&amp;").replace(">", "&gt;") for value in values)
            cells = (f"<g:{name}>{value}</g:{name}>" for name, value in zip(NAMES, escaped, strict=True))
            xml.write(f"<item>{''.join(cells)}</item>\n")
        xml.write("</channel></rss>\n")
    return paths


def read_all(path: Path) -> int:
    """The whole way to products."""
    from streetshop.feeds.read import read_feed

    return sum(1 for _ in read_feed(path))


def read_records(path: Path) -> int:
    """One pass that gives rows."""
    from streetshop.feeds.formats import open_records

    return sum(1 for _ in open_records(path))


def _peer_rows(path: Path) -> Iterator[object]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    elif path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
    else:
        from xml.etree import ElementTree  # a file that this program wrote

        for _, element in ElementTree.iterparse(path):  # noqa: S314
            if element.tag == "item":
                yield {child.tag: child.text for child in element}
                element.clear()


def read_peer(path: Path) -> int:
    """The standard library's reader, with a dictionary of each row."""
    return sum(1 for _ in _peer_rows(path))


def read_arrow(path: Path) -> int:
    """The reader of pyarrow, which makes a table in memory and no dictionaries; none reads XML."""
    import pyarrow.csv
    import pyarrow.json

    if path.suffix == ".csv":
        return int(pyarrow.csv.read_csv(path).num_rows)
    return int(pyarrow.json.read_json(path).num_rows) if path.suffix == ".jsonl" else 0


READERS: dict[str, Callable[[Path], int]] = {
    "read_feed": read_all,
    "records": read_records,
    "standard library": read_peer,
    "pyarrow": read_arrow,
}


def _one(reader: str, path: Path) -> None:
    READERS[reader](path.with_name(f"small{path.suffix}"))  # imports are not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    rows = READERS[reader](path)
    seconds = time.process_time() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "memory": memory}))


def main() -> None:
    """Write the feeds, read them, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        _one(given.one[0], Path(given.one[1]))
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    paths = write(given.folder, given.rows)
    small = given.folder / "sample"
    small.mkdir(exist_ok=True)
    for form, path in write(small, 100).items():
        path.replace(given.folder / f"small.{form}")
    print(f"{given.rows} rows; ratio: time of the standard library's reader / time, in the same run\n")
    print(f"{'form':6} {'reader':17} {'rows/s':>10} {'ratio':>6} {'MiB':>6}")
    for form, path in paths.items():
        found = {}
        for reader in READERS:
            command = [sys.executable, __file__, str(given.folder), "--one", reader, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[reader] = json.loads(done.stdout)
        for reader, each in found.items():
            if each["rows"] < given.rows:
                continue
            ratio = found["standard library"]["seconds"] / each["seconds"]
            print(f"{form:6} {reader:17} {given.rows / each['seconds']:10.0f} {ratio:6.2f} {each['memory']:6.0f}")


if __name__ == "__main__":
    main()
