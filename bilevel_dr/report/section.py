"""What one paper contributes to the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .drawings import Drawing, draw
from .rows import CLAIM, status_of_inputs


@dataclass(frozen=True)
class Section:
    """What one paper contributes.

    Attributes
    ----------
    name, title : str
    text : str
        What is modelled, as plain text; blank lines part paragraphs, ````code```` and ``*emphasis*`` are marked as in
        docstrings.
    equations : sequence of (str, str, str)
        The paper's number, what it means, the component that says it.
    notes, errata, structure : sequence of str
        What else is to be known, what the paper gets wrong, why it can be solved: a paragraph each.
    rows : sequence of dict
        Stated against reproduced: ``paper, table, case, quantity, unit, reported, reported_sd, reproduced,
        reproduced_sd, relative_error, status, comment``.
    certificates : DataFrame or None
        As of :func:`certificates_table`.
    tables : mapping of str to DataFrame
    figures : mapping of str to matplotlib Figure or Drawing
    sources : sequence of mapping
        The rows of ``sources.csv``: ``parameter, symbol, unit, status, where, note``.
    data : mapping of str to str
        Name of a data file → its SHA-256.
    parts : mapping of str to float
        Seconds by what was made.
    seconds : float
        It all took.
    error : str
        Why it is not complete; empty where it is.
    """

    name: str
    title: str
    text: str = ""
    rows: Sequence[dict] = ()
    tables: Mapping = field(default_factory=dict)
    figures: Mapping = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    equations: Sequence[tuple[str, str, str]] = ()
    notes: Sequence[str] = ()
    errata: Sequence[str] = ()
    structure: Sequence[str] = ()
    certificates: object = None
    sources: Sequence[Mapping] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)

    def drawn(self) -> Section:
        """The same with its figures drawn, so that it can be sent to another process and takes no time to write."""
        drawings = {
            name: figure if isinstance(figure, Drawing) else draw(name, figure) for name, figure in self.figures.items()
        }
        return replace(self, figures=drawings)

    @property
    def numbers(self) -> list[dict]:
        """The rows that state a number."""
        return [row for row in self.rows if row["unit"] != CLAIM]

    @property
    def claims(self) -> list[dict]:
        """The rows that state a claim."""
        return [row for row in self.rows if row["unit"] == CLAIM]

    @property
    def passed(self) -> tuple[int, int]:
        """Certificates that passed, and all of them."""
        if self.certificates is None:
            return 0, 0
        return int(self.certificates["passed"].sum()), len(self.certificates)

    @property
    def frames(self) -> dict:
        """Every table as a DataFrame, by the name of its files: what is stated, the answers, the paper's own, the inputs."""
        import pandas as pd

        keys = ("table", "case", "quantity", "unit", "reported", "reported_sd", "reproduced", "reproduced_sd")
        found = {}
        for name, rows in (("reported_numbers", self.numbers), ("reported_claims", self.claims)):
            if rows:
                frame = pd.DataFrame(rows)[[*keys, "relative_error", "status", "comment"]].rename(columns={"table": "where"})
                frame.insert(len(keys), "inputs", [self.inputs(row["case"]) for row in rows])
                found[name] = frame
        if self.certificates is not None and len(self.certificates):
            found["answers"] = self.certificates
        found |= self.own_tables
        if self.sources:
            found["inputs"] = pd.DataFrame(list(self.sources))
        return found

    @property
    def own_tables(self) -> dict:
        """The paper's tables without its ``facts``, which the rows say already."""
        return {name: table for name, table in self.tables.items() if not (name == "facts" and self.rows)}

    def inputs(self, case: str | None = None) -> str:
        """The statuses of a case's inputs, ``calibrated, assumed``; of all cases' where it is left out.

        What the paper prints goes without saying beside what it does not.
        """
        firm, *found = status_of_inputs(self.sources, case) or [""]
        return ", ".join(found if found and firm == "published" else [firm, *found])


def certificates_table(answers: Mapping):
    """Every answer with its claim and the scaled residuals of its certificate.

    Parameters
    ----------
    answers : mapping of str to Solution
        By case.

    Returns
    -------
    DataFrame
        ``case, claim, objective, bound, passed, leader violation, follower gap, complementarity, stationarity,
        optimistic gap, followers, route, seconds``, one row an answer; an answer without a point did not pass.
    """
    import pandas as pd

    return pd.DataFrame([_certificate(case, solution) for case, solution in answers.items()])


def _certificate(case: str, solution) -> dict:
    found = solution.certificate
    residuals = ("leader_violation", "follower_gap", "complementarity", "stationarity", "optimistic_gap")
    return {
        "case": case,
        "claim": solution.claim,
        "objective": solution.leader_objective,
        "bound": solution.best_bound,
        "passed": found is not None and found.passed,
        **{name.replace("_", " "): None if found is None else getattr(found, name) for name in residuals},
        "followers": len(found.followers) if found is not None else 0,
        "route": f"{solution.reformulation}, {solution.solver}",
        "seconds": solution.seconds,
    }
