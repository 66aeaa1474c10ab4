"""What a solver executable reads and writes, AMPL's way and GAMS' way, for the faults of :mod:`fakes.faults` to spoil."""

from __future__ import annotations

import re
import sys
from pathlib import Path


class Ampl:
    """``solver model.nl -AMPL …`` → model.sol."""

    answer = "model.sol"

    def __init__(self):
        lines = Path(sys.argv[1]).read_text().splitlines()
        self.n, self.m = (int(word) for word in lines[1].split()[:2])
        at = lines.index(f"x{self.n}")
        self.start = [float(line.split()[1]) for line in lines[at + 1 : at + 1 + self.n]]

    def text(self, values, verdict="optimal", others=0) -> str:
        """A whole answer; ``others`` variables more or less than the problem has."""
        n, code = self.n + others, {"optimal": 0, "infeasible": 200, "unbounded": 300}[verdict]
        lines = [f"Fake: {verdict}", "", "Options", 3, 1, 1, 0, self.m, 0, n, len(values), *values, f"objno 0 {code}", ""]
        return "\n".join(map(str, lines))

    def write(self, text: str) -> None:
        Path(self.answer).write_text(text)


class Gams:
    """``gams model.gms …`` → results.dat, resultsstat.dat."""

    answer = "results.dat"

    def __init__(self):
        found = re.findall(r"^(\w+)\.lo = .*; (?:\w+)\.up = .*; (?:\w+)\.l = (.*);$", Path(sys.argv[1]).read_text(), re.M)
        self.symbols, self.start = [symbol for symbol, _ in found], [float(level) for _, level in found]
        self.n, self.verdict = len(found), "optimal"

    def text(self, values, verdict="optimal", others=0) -> str:
        self.verdict = verdict
        symbols = [f"z{symbol}" for symbol in self.symbols] if others else self.symbols
        return "\n".join(["SYMBOL : LEVEL : MARGINAL", *(f"{s} {v} 0.0" for s, v in zip(symbols, values, strict=False)), ""])

    def write(self, text: str) -> None:
        Path(self.answer).write_text(text)
        status = {"optimal": 2, "infeasible": 5, "unbounded": 3}[self.verdict]
        Path("resultsstat.dat").write_text(f"SYMBOL : VALUE\nMODELSTAT {status}.0\nSOLVESTAT 1.0\n")


PROTOCOLS = {"ampl": Ampl, "gams": Gams}
