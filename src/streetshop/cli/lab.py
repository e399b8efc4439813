"""``streetshop lab``: data sets, training, measuring. Needs the extra ``lab``."""

from __future__ import annotations

import typer

from streetshop.cli.lab_annotate import app as annotate_app
from streetshop.cli.lab_attributes import attributes
from streetshop.cli.lab_calibrate import calibrate
from streetshop.cli.lab_compare import compare
from streetshop.cli.lab_curate import app as curate_app
from streetshop.cli.lab_data import data
from streetshop.cli.lab_evaluate import evaluate
from streetshop.cli.lab_evaluate_pairs import evaluate_pairs
from streetshop.cli.lab_evaluate_search import evaluate_search
from streetshop.cli.lab_export import export
from streetshop.cli.lab_train import train

app = typer.Typer(help="Data sets, training, measuring (needs the extra: pip install 'streetshop[lab]').")


app.command()(data)
app.command()(train)
app.command()(export)
app.command()(evaluate)
app.command()(evaluate_search)
app.command()(evaluate_pairs)
app.add_typer(curate_app, name="curate")
app.add_typer(annotate_app, name="annotate")
app.command()(compare)
app.command()(attributes)
app.command()(calibrate)


@app.callback()
def _needs_torch() -> None:
    from importlib.util import find_spec

    from streetshop.core.errors import UsageError

    if find_spec("torch") is None:
        raise UsageError("the lab needs torch, which is not installed", hint="pip install 'streetshop[lab]'")
