"""A bilevel program and its KKT system written out for people: ``explain(instance)``.

Markdown, which a notebook renders, or LaTeX; with the model's own names and docs. Followers that are alike are shown once.
"""

from __future__ import annotations

import math
import re

import pyomo.environ as pyo
from pyomo.gdp import Disjunction

from ..bounds import row_name
from ..convexity import judge_all
from ..working import Working
from .formulas import Formulas
from .level_tables import THREE, pair_formula, write_conditions, write_level
from .markup import Latex, Markdown
from .outline import Group, alike, counted, cut, problem_class, rest, short_names

_NOT_WRITTEN = (pyo.SOSConstraint, pyo.LogicalConstraint, Disjunction)


class Exposition(str):
    """The text; a notebook renders it (LaTeX is shown as source)."""

    def _repr_markdown_(self) -> str:
        return f"```latex\n{self}```" if self.startswith("\\documentclass") else str(self)

    def __repr__(self) -> str:
        return str(self)


def explain(instance, latex: bool = False) -> Exposition:
    """The bilevel program, the KKT conditions that stand for its followers, and a big-M for every pair.

    Parameters
    ----------
    instance : ConcreteModel
        With at least one follower; not changed.
    latex : bool
        A LaTeX article that compiles by itself, instead of Markdown.

    Returns
    -------
    Exposition
        A ``str``: who decides what; sizes; each level's objective, rows and bounds; stationarity, feasibility and
        complementarity under the names they have in ``follower.kkt``; convexity of the followers; the sign of the
        multipliers a leader reads; each M with where it comes from and whether it is proved. Long sums and families
        are cut short and say by how much.

    Raises
    ------
    ModelError
        The instance is no bilevel program; the message names the component.

    Examples
    --------
    >>> import bilevel_dr as bdr
    >>> print(bdr.explain(bdr.load_case("khe_2025", "hard_800")).splitlines()[0])
    # khe_2025
    """
    page = Latex() if latex else Markdown()
    _Author(Working(instance), page).write()
    return Exposition(page)


class _Author:
    """What is said, in order; ``page`` knows how it looks."""

    def __init__(self, working: Working, page):
        self.working, self.program, self.page = working, working.program, page
        self.formulas = Formulas(page)
        self.groups = alike(self.program.followers)
        self.verdicts = judge_all(self.program)

    def write(self) -> None:
        self._who()
        self._sizes()
        self._leader()
        for group in self.groups:
            self._followers(group)
        self._signs()
        self._bounds()

    def _who(self) -> None:
        page, model, many = self.page, self.working.model, len(self.program.followers) > 1
        page.heading(1, page.text(model.name))
        if model.doc:
            page.paragraph(page.text(model.doc))
        count = len(self.program.followers)
        if self.program.leader is None:
            players = f"{count} players, each answering" if many else "1 player, answering"
            page.paragraph(f"No leader: {players} optimally what all others decide (a Nash equilibrium).")
            return
        answers = f"{count} followers answer, each" if many else "1 follower answers"
        page.paragraph(
            f"The leader decides first; {answers} optimally for what all others decide. "
            "Of equally good answers the leader may choose (optimistic)."
        )
        if self.program.coupled:
            page.paragraph("Followers meet each other's variables: among themselves they play Nash.")

    def _sizes(self) -> None:
        page, program, pairs = self.page, self.program, self.working.pairs
        own = sum(pair.kkt is None for pair in pairs)
        sizes = []
        if self._has_top:
            kind = problem_class(program.leader, program.leader_constraints, program.leader_variables)
            name = "shared" if program.leader is None else "leader"
            sizes.append((name, kind, len(program.leader_variables), len(program.leader_constraints), own))
        for group in self.groups:
            kind = counted(self.verdicts[follower.name].kind for follower in group.members)
            variables = sum(len(follower.variables) for follower in group.members)
            constraints = sum(len(follower.constraints) for follower in group.members)
            sizes.append((page.code(group.title), kind, variables, constraints, 0))
        kkts = [follower.block.kkt for follower in program.followers]
        multipliers = sum(len(kkt.nu) + len(kkt.mu_upper) + len(kkt.mu_lower) for kkt in kkts)
        stationarity = sum(len(kkt.stationarity) + len(kkt.component("multiplier_of") or ()) for kkt in kkts)
        sizes.append(("KKT conditions", "", multipliers, stationarity, len(pairs) - own))
        sizes.append(("MPEC in all", "", *(sum(line[k] for line in sizes) for k in (2, 3, 4))))
        page.heading(2, "Sizes")
        heads = ("", "class", "variables", "rows", "pairs")
        page.table(heads, [tuple(map(str, line)) for line in sizes], (0.4, 0.2, 0.1, 0.1, 0.1))

    @property
    def _has_top(self) -> bool:
        program = self.program
        return program.leader is not None or bool(program.leader_variables or program.leader_constraints)

    def _leader(self) -> None:
        program, page = self.program, self.page
        if not self._has_top:
            return
        page.heading(2, "Shared variables and rows" if program.leader is None else "Leader")
        write_level(page, self.formulas, program.leader, program.leader_constraints, program.leader_variables)
        own = [pair for pair in self.working.pairs if pair.kkt is None]
        if own:
            lines = [
                (page.code(pair.name), page.math(pair_formula(page, self.formulas, pair)), "") for pair in cut(own)
            ]
            lines += [(page.text(f"… {rest(own)} more"), "", "")] if rest(own) else []
            page.table(("complementarity", "", ""), lines, THREE)
        others = [c.name for kind in _NOT_WRITTEN for c in self.working.model.component_objects(kind, active=True)]
        if others:
            page.paragraph(f"Not written out: {', '.join(map(page.code, others))}.")

    def _followers(self, group: Group) -> None:
        page, follower, count = self.page, group.first, len(group.members)
        title, block = page.code(group.title), page.code(follower.name)
        page.heading(2, f"Follower {title}" if count == 1 else f"Followers {title}")
        which = f"{count} followers of the same form, of which {block} is written out." if count > 1 else ""
        page.paragraph(f"{which} Its own names stand without {block} where nothing else has them.".strip())
        formulas = Formulas(page, short_names(follower))
        write_level(page, formulas, follower.objective, follower.constraints, follower.variables)
        self._convexity(group)
        page.heading(3, f"KKT conditions of {block}")
        write_conditions(page, follower, self.working.pairs)

    def _convexity(self, group: Group) -> None:
        page, verdicts = self.page, [self.verdicts[follower.name] for follower in group.members]
        doubts = [verdict.message for verdict in verdicts if verdict.convexity != "proved"]
        messages = doubts or [verdicts[0].message]
        said = ". ".join(map(page.text, cut(messages)))
        more = f" … and {rest(messages)} more." if rest(messages) else ""
        page.paragraph(f"Convexity {counted(verdict.convexity for verdict in verdicts)}: {said}.{more}")

    def _signs(self) -> None:
        page = self.page
        nu, lower, upper = map(page.name, ("nu", "mu_lower", "mu_upper"))
        table = [
            ("equality", f"-{nu}", nu),
            ("upper side, body ≤ bound", f"-{upper}", upper),
            ("lower side, body ≥ bound", lower, f"-{lower}"),
            ("range, both sides", f"{lower} - {upper}", f"{upper} - {lower}"),
        ]
        page.heading(2, "Sign of a multiplier the leader reads")
        page.paragraph(
            f"A leader's variable in {page.code('multiplier_of')} is the derivative of the follower's optimal value, in "
            "the follower's own sense, with respect to the bound of the row "
            f"(the sign of Pyomo's {page.code('dual')} suffix):"
        )
        lines = [(page.text(side), page.math(least), page.math(most)) for side, least, most in table]
        page.table(("row", "follower minimises", "follower maximises"), lines, (0.3, 0.3, 0.3))
        kkts = [follower.block.kkt for follower in self.program.followers]
        links = [row for kkt in kkts for row in (kkt.component("multiplier_of") or {}).values()]
        if not links:
            page.paragraph("Here the leader reads none.")
            return
        lines = [(page.math(self.formulas(row.expr)),) for row in cut(links)]
        page.table(("read here",), lines + ([(page.text(f"… {rest(links)} more"),)] if rest(links) else []), (0.9,))

    def _bounds(self) -> None:
        page = self.page
        page.heading(2, "M of every pair")
        families: dict[str, list] = {}
        for pair, bounds in zip(self.working.pairs, self.working.bounds, strict=True):
            for name, bound in zip(_side_names(pair), bounds, strict=True):
                families.setdefault(re.sub(r"\[.*?\]", "", name), []).append((name, bound))
        every = [bound for members in families.values() for _, bound in members]
        if not every:
            page.paragraph("There are no pairs, so none is needed.")
            return
        missing = sum(math.isinf(bound.value) for bound in every)
        remedy = f": {page.code('big_m')} asks for {page.code('M_multiplier')} or {page.code('M_slack')} there"
        page.paragraph(f"{len(every)} sides, {missing or 'none'} of them without an M{remedy if missing else ''}.")
        lines = []
        for members in families.values():
            lines += [(page.code(name), *self._range([bound]), page.text(bound.source)) for name, bound in cut(members)]
            if rest(members):
                others = [bound for _, bound in members[len(cut(members)) :]]
                lines.append((page.text(f"… {len(others)} more"), *self._range(others), ""))
        page.table(("side", "M", "proved", "from, or what is missing"), lines, (0.36, 0.12, 0.1, 0.34))

    def _range(self, bounds) -> tuple[str, str]:
        """The M of a side, of several the least and the largest; and whether proved."""
        numbers = sorted(bound.value for bound in bounds if not math.isinf(bound.value))
        ends = dict.fromkeys(self.page.math(self.page.number(number)) for number in numbers[:1] + numbers[-1:])
        proved = sum(bound.proved for bound in bounds)
        verdict = "yes" if proved == len(bounds) else f"{proved} of them" if proved else "no"
        return " to ".join(ends) or "none", verdict


def _side_names(pair) -> tuple[str, str]:
    if pair.kkt is None:
        return f"{pair.name}, left", f"{pair.name}, right"
    side = pair.left.parent_component().local_name.removeprefix("mu_")
    return pair.left.name, f"slack of {row_name(pair)}, {side}"
