"""Commands about this machine: doctor."""

from __future__ import annotations

import typer

from .options import Json
from .session import OK, SOLVER, print_json, work


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
