"""Commands about this machine: doctor, app."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from ..errors import BilevelError
from .options import Json
from .session import OK, SOLVER, code_of, print_json, work
from .supervision import INTERRUPTED


def doctor(json: Json = False):
    """Solvers found, their versions and limits, a self-test of each, and the command that adds what is missing."""
    with work(json):
        from .. import doctor as examination
        from ..run_folder import versions

        checks = examination.examine()
    if json:
        print_json({"solvers": [check.as_dict() for check in checks], "versions": versions()})
    else:
        from . import display

        display.show_checks(checks, versions())
    works = frozenset().union(*(check.solver.takes for check in checks if check.passed))
    raise typer.Exit(OK if {"nlp", "sos1"} <= works else SOLVER)


def app(
    port: Annotated[int | None, typer.Option("--port", metavar="N", min=0, max=65535, help="0: any that is free")] = None,
    browser: Annotated[bool, typer.Option(help="open it in the desktop's browser")] = True,
):
    """The teaching page, until Ctrl-C: pick a paper and a case, turn its numbers or edit its text, see what leader and
    followers do and how it is proved. It is for this machine alone and works offline."""
    from ..app import serving

    try:  # not as work for which a terminal shows a line: marimo would keep hold of that
        server = serving.Server(port)
    except BilevelError as error:
        typer.echo(f"bilevel-dr: {error}", err=True)
        raise typer.Exit(code_of(error)) from error

    def ready():
        typer.echo(f"bilevel-dr app: {server.address}\nCtrl-C ends it", err=True)
        if browser and not serving.show(server.address):
            typer.echo("no desktop here: open that address in a browser of this machine", err=True)

    try:
        server.run(ready)
    finally:  # at once: the interpreter would wait for the threads of pages that are still open
        sys.stderr.flush()
        os._exit(INTERRUPTED)
