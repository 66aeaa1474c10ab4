"""A table for a paper of one's own: LaTeX with booktabs, to be ``\\input``."""

from __future__ import annotations

from ..exposition.markup import Latex
from ..formatting import number
from .parts import is_number, truth

LONG = 45
"""Rows from which it breaks across pages."""
REMARKS = ("comment", "note")
"""Columns of whole sentences, which are left out; so are columns that say nothing."""


def latex_table(table, name: str) -> str:
    """A DataFrame as a ``tabular``, or as a ``longtable`` where it does not fit on a page.

    Parameters
    ----------
    table : DataFrame
    name : str
        Of its file, in the comment at its head.

    Returns
    -------
    str
        It needs ``\\usepackage{booktabs}``, a long one ``\\usepackage{longtable}``.
    """
    table = table.drop(columns=[column for column in REMARKS if column in table]).dropna(axis="columns", how="all")
    long = len(table) > LONG
    right = [is_number(table[column]) for column in table]
    kind, columns = "longtable" if long else "tabular", "".join("r" if r else "l" for r in right)
    heads = _line(Latex().text(str(column)) for column in table)
    lines = [_line(map(_cell, row)) for row in table.itertuples(index=False, name=None)]
    return "\n".join(
        [
            f"% {name}.tex, by bilevel_dr: \\usepackage{{booktabs}}" + (r" \usepackage{longtable}" if long else ""),
            rf"\begin{{{kind}}}{{@{{}}{columns}@{{}}}}",
            r"\toprule",
            heads,
            r"\midrule",
            *([r"\endhead"] if long else []),
            *lines,
            r"\bottomrule",
            rf"\end{{{kind}}}",
            "",
        ]
    )


def _line(cells) -> str:
    """A row; braces keep a bracket or a star at its beginning from being read as belonging to the row before."""
    row = " & ".join(cells)
    return ("{}" if row.startswith(("[", "*")) else "") + row + r" \\"


def _cell(value) -> str:
    if isinstance(value, str):
        return Latex().text(value)
    if truth(value) is not None:
        return "yes" if value else "no"
    shown = number(value).replace("inf", r"\infty")
    mantissa, _, exponent = shown.partition("e")
    if exponent:
        return rf"${mantissa} \times 10^{{{int(exponent)}}}$"
    return f"${shown}$" if shown else ""
