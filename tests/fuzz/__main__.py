"""Run one fuzz target with atheris, which is guided by coverage: ``python -m tests.fuzz NAME SECONDS``.

``make fuzz`` installs atheris and runs all of them. The input of a fault is left as ``crash-*`` in the present folder.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["streetshop"]):
    from tests.fuzz.targets import FOLDER, run, seeds


def main(name: str, seconds: str) -> None:
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds(name)):
        (corpus / str(number)).write_bytes(seed)
    limits = [f"-max_total_time={seconds}", "-rss_limit_mb=4096", "-timeout=20"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], lambda data: run(name, data))
    atheris.Fuzz()


main(*sys.argv[1:])
