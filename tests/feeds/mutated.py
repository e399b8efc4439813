"""Valid feeds of every format, and damaged copies of them."""

from __future__ import annotations

import io
import json
import random
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq

_ROWS = [
    {
        "id": f"p{i}",
        "title": f'Dress "No. {i}", \\ Łódź',
        "price": i * 1.5,
        "images": [f"{i}.jpg", "b.jpg"],
        "maker": {"city": "Rome", "since": 1900 + i},
        "same": "again",
    }
    for i in range(40)
]


@cache
def valid_feeds() -> dict[str, list[bytes]]:
    """File suffix to contents."""
    lines = "id,title,price,image\r\n" + "".join(f'p{i},"Dress ""{i}"", ö",{i}.5 EUR,{i}.jpg\r\n' for i in range(40))
    items = "".join(
        f'<item><g:id>p{i}</g:id><title>T</title><g:title><![CDATA[Dress & "{i}", \u00f6]]></g:title>'
        f"<g:price>{i}.5 EUR</g:price>"
        f"<g:image_link>{i}.jpg</g:image_link><g:shipping><g:country>DE</g:country></g:shipping></item>\n"
        for i in range(40)
    )
    rss = f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>\n{items}</channel></rss>'
    wrapped = {"data": {"products": {"edges": [{"node": row} for row in _ROWS]}}, "total": 40}
    parquet = []
    for compression in ("snappy", "zstd", "gzip", "none", "lz4", "brotli"):
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(_ROWS), stream, compression=compression, row_group_size=15)
        parquet.append(stream.getvalue())
    return {
        ".csv": [lines.encode(), lines.encode("utf-16"), lines.encode("cp1252"), lines.replace(",", ";").encode()],
        ".tsv": [lines.replace(",", "\t").encode()],
        ".jsonl": ["\n".join(map(json.dumps, _ROWS)).encode(), "\n".join(map(json.dumps, _ROWS)).encode("utf-8-sig")],
        ".json": [
            json.dumps(_ROWS).encode(),
            json.dumps(_ROWS, indent=1, ensure_ascii=False).encode(),
            json.dumps(wrapped).encode(),
        ],
        ".xml": [rss.encode(), f'<?xml version="1.0" encoding="utf-16"?>{rss}'.encode("utf-16")],
        ".parquet": parquet,
    }


def mutated(content: bytes, seed: int) -> bytes:
    """A copy with some bytes changed, or parts removed, repeated or exchanged."""
    rng = random.Random(seed)
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at, length = rng.randrange(len(data)), rng.choice((1, 1, 4, 64, 1024))
        kind = rng.randrange(5)
        if kind == 0:
            data[at] = rng.choice((rng.randrange(256), 0, 255, 127, 34, 91, 123))
        elif kind == 1 and length < len(data):
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = data[at : at + length] * rng.choice((1, 2, 50))
        elif kind == 3:
            data[at:at] = rng.choice((b'"', b"[", b"{", b"\\", b"\r", b"\0", b"\xff\xfe", b"NaN", b"9" * 5000))
        else:
            other = rng.randrange(len(data))
            data[at : at + length] = data[other : other + length]
    return bytes(data) or b"x"
