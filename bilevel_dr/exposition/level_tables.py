"""The tables of one level: objective, rows, bounds, what names stand for; and a follower's KKT conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

import pyomo.environ as pyo

from ..followers import Follower
from ..solution import split_name
from .formulas import Formulas
from .outline import cut, rest, short_names

THREE, TWO = (0.2, 0.47, 0.27), (0.24, 0.7)
"""Widths of columns on paper: name, formula and doc; name and formula."""


def write_level(page, formulas: Formulas, objective, constraints, variables) -> None:
    """A problem as it was modelled."""
    formulas.used.clear()
    if objective is not None:
        sense = "minimise" if objective.sense == pyo.minimize else "maximise"
        named = f"{sense} {page.code(formulas.name_of(objective))}"
        page.table(("objective", "", ""), [(named, page.math(formulas(objective.expr)), _doc(page, objective))], THREE)
    for head, components, formula in (
        ("subject to", constraints, lambda row: formulas(row.expr)),
        ("decides", variables, lambda variable: _domain(page, formulas, variable)),
    ):
        if components:
            page.table((head, "", ""), list(_families(page, formulas, components, formula)), THREE)
    meanings = list(_meanings(page, formulas))
    if meanings:
        page.table(("where", "", ""), meanings, THREE)


def write_conditions(page, follower: Follower, pairs: Iterable) -> None:
    """Stationarity, feasibility and complementarity of one follower, by the names in ``follower.kkt``."""
    kkt, formulas = follower.block.kkt, Formulas(page, short_names(follower))
    stationarity = [(name, f"{formulas(row.body)}{page.equal}0") for name, row in kkt.stationarity.items()]
    page.table(("stationarity of", ""), list(_by_local_name(page, stationarity)), TWO)
    page.paragraph("Primal feasibility: the rows and bounds above, as they are.")
    signs = [page.math(f"{page.name(mu.local_name)}{page.at_least}0") for mu in (kkt.mu_upper, kkt.mu_lower) if len(mu)]
    equalities = list(kkt.nu.values())
    if equalities:
        more = f" and {rest(equalities)} more" if rest(equalities) else ""
        free = ", ".join(page.math(formulas.name(nu)) for nu in cut(equalities))
        signs.append(f"{free}{more}, of equalities, free in sign")
    page.paragraph(f"Dual feasibility: {'; '.join(signs) or 'there are no multipliers'}.")
    lines = [(pair.left.index(), pair_formula(page, formulas, pair)) for pair in pairs if pair.kkt is kkt]
    if lines:
        page.table(("complementarity of", ""), list(_by_local_name(page, lines)), TWO)


def pair_formula(page, formulas: Formulas, pair) -> str:
    """``0 ≤ mu ⟂ slack ≥ 0``."""
    left, right = (formulas(side, positive_first=True) for side in (pair.left, pair.right))
    return f"0{page.at_most}{left}{page.perpendicular}{right}{page.at_least}0"


def _families(page, formulas: Formulas, components: Iterable, formula: Callable) -> Iterator[tuple]:
    """Name, formula and doc a line; long families cut short."""
    for _, members in groupby(components, lambda component: id(component.parent_component())):
        members = list(members)
        for k, member in enumerate(cut(members)):
            doc = "" if k else _doc(page, member)
            yield page.code(formulas.name_of(member)), page.math(formula(member)), doc
        if rest(members):
            last = f"{page.code(formulas.name_of(members[-1]))} is the last"
            yield page.text(f"… {rest(members)} more"), "", last


def _by_local_name(page, lines: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Local name of a row or variable, and formula, a line; long families cut short."""
    for _, members in groupby(lines, lambda line: split_name(line[0])[0]):
        members = list(members)
        yield from ((page.code(name), page.math(formula)) for name, formula in cut(members))
        if rest(members):
            yield page.text(f"… {rest(members)} more"), f"{page.code(members[-1][0])} is the last"


def _meanings(page, formulas: Formulas) -> Iterator[tuple]:
    """Named Expressions, mutable Params and fixed variables met so far, and those met while writing them."""
    told = set()
    while new := [component for key, component in formulas.used.items() if key not in told]:
        told.update(map(id, new))
        new.sort(key=lambda component: not component.is_expression_type())
        yield from _families(page, formulas, new, lambda component: _meaning(page, formulas, component))


def _meaning(page, formulas: Formulas, component) -> str:
    if component.is_expression_type():
        return formulas(component.expr)
    value = page.number(pyo.value(component))
    return page.remark(value, "fixed") if component.is_variable_type() else value


def _domain(page, formulas: Formulas, variable) -> str:
    """Bounds, and integrality."""
    name, (low, high) = formulas.name(variable), variable.bounds
    if low is not None and low == high:
        formula = f"{name}{page.equal}{formulas(variable.lower)}"
    else:
        below = "" if low is None else formulas(variable.lower) + page.at_most
        above = "" if high is None else page.at_most + formulas(variable.upper)
        formula = below + name + above
    if not variable.is_continuous():
        return page.remark(formula, "binary" if variable.is_binary() else "integer")
    return page.remark(formula, "free") if low is None and high is None else formula


def _doc(page, component) -> str:
    return page.text(component.parent_component().doc or "")
