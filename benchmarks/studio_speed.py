"""Measures drawing throughput: pictures per second at 512 pixels, written to disk.

python benchmarks/studio_speed.py --workers 2
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from streetshop.studio import draw_catalog, draw_street, make_catalog
from streetshop.studio.outfit import Wardrobe
from streetshop.studio.shots import draw_shot
from streetshop.studio.street import draw_street_photo

FAMILY = 4
"""Products per family, as for the figures in docs/studio.md."""


def measure(workers: int, packshots: int, photos: int, size: int) -> dict[str, float]:
    """Pictures per second; the clock starts at the eighth picture, so that starting the workers is not counted."""
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, count in (("packshots", packshots), ("street photos", photos)):
            times: list[float] = []

            def step(done: int, total: int, times: list[float] = times) -> None:
                times.append(time.perf_counter())

            if name == "packshots":
                draw_catalog(Path(folder) / "shop", count, 1, workers, size, step, shots=("packshot",), family=FAMILY)
            else:
                draw_street(Path(folder) / "street", count, 1, 300, workers, size, step, family=FAMILY)
            rates[name] = (len(times) - 9) / (times[-1] - times[8])
    return rates


def processor_seconds(size: int, count: int = 30) -> dict[str, float]:
    """Processor time of one picture in one process, which depends less on other load than the clock."""
    catalog = make_catalog(300, 1, family_size=FAMILY)
    wardrobe = Wardrobe(catalog, 1)
    spent = {}
    for name in ("packshots", "street photos"):
        for number in range(-3, count):
            if number == 0:
                start = time.process_time()
            if name == "packshots":
                draw_shot(catalog[(number * 7) % 300], "packshot", wardrobe, 1, size)
            else:
                draw_street_photo(number + 3, wardrobe, 1, size)
        spent[name] = (time.process_time() - start) / count
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--packshots", type=int, default=200)
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    before = os.getloadavg()[0]
    spent = processor_seconds(options.size)
    rates = measure(options.workers, options.packshots, options.photos, options.size)
    print(
        json.dumps(
            {
                "workers": options.workers,
                "size": options.size,
                "load before": before,
                "a second": rates,
                "processor seconds": spent,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
