"""``bilevel-dr``: thin commands over the library. Answers go to stdout, everything else to stderr.

Nothing slow is imported before a command needs it, so that ``--help`` is quick.
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from . import cases, studies, sweeps, tools
from .session import LOG

app = typer.Typer(
    name="bilevel-dr",
    help="Bilevel (Stackelberg) demand-response models: solve, prove, reproduce the papers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes longer to import than all the rest of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The entry point of ``bilevel-dr`` and of ``python -m bilevel_dr``."""
    from .supervision import supervised

    sys.exit(supervised(lambda: app(prog_name="bilevel-dr")))


def _print_version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_print_version, is_eager=True)
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="tell on stderr what is being done")] = False,
):
    level = logging.INFO if verbose else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)  # a run folder's log takes more than the screen
    LOG.addHandler(handler)
    LOG.setLevel(level)
    context.call_on_close(lambda: LOG.removeHandler(handler))


app.command("list")(cases.list_)
app.command()(cases.solve)
app.command()(cases.repeat)
app.command()(cases.check)
app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(cases.case)
app.command()(cases.explain)
app.command()(cases.compare)
app.command()(studies.pem)
app.command()(sweeps.sweep)
app.command()(studies.reproduce)
app.command()(tools.app)
app.command()(tools.doctor)
