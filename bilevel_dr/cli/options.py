"""The options that several commands share, each said once."""

from __future__ import annotations

from typing import Annotated

import typer

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="a paper, paper/variant, or a .py file with one AbstractModel")
]
Data = Annotated[str, typer.Argument(metavar="DATA", help="a case of that paper, or a .dat file")]
Set = Annotated[
    list[str], typer.Option("--set", metavar="NAME=VALUE", help="change a number: baseline[3]=90; repeat it")
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON value and nothing else")]
TrustData = Annotated[bool, typer.Option("--trust-data", help="let the data file read other files and databases")]
Out = Annotated[str | None, typer.Option("--out", metavar="DIR", help="write the run folder there")]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="processes; as many as cores by default")]
Route = Annotated[
    str,
    typer.Option(
        "--route", "--reformulation", metavar="R", help="auto (exact where the paper has it, else solve), exact, solve, sos1, …"
    ),
]
Limit = Annotated[float | None, typer.Option("--time-limit", metavar="S", min=0.001, help="seconds")]
Starts = Annotated[int | None, typer.Option("--starts", metavar="N", min=1, help="starting points of a local route")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="of random starting points and samples")]
