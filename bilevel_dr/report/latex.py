"""A table for a paper of one's own: LaTeX with booktabs, to be ``\\input``."""

from __future__ import annotations

from ..formatting import number
from ..markup import Latex
from .parts import is_number, truth

LONG = 45
"""Rows from which it breaks across pages."""


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
    long = len(table) > LONG
    right = [is_number(table[column]) for column in table]
    kind, columns = "longtable" if long else "tabular", "".join("r" if r else "l" for r in right)
    heads = " & ".join(Latex().text(str(column)) for column in table) + r" \\"
    lines = [" & ".join(map(_cell, row)) + r" \\" for row in table.itertuples(index=False, name=None)]
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
