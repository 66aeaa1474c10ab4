"""Two kinds of page: Markdown with formulas in plain characters, and a LaTeX document that compiles by itself.

Both have the same methods. A cell or a paragraph is text of the page already: what ``text``, ``code`` and ``math`` return.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ..formatting import number

PADDED = 60
"""Columns are padded up to this many characters, so that Markdown reads well unrendered too."""


class Markdown:
    """Markdown; formulas are code, in which nothing needs escaping and which a terminal shows as well."""

    times, scales, equal, at_most, at_least, perpendicular = "·", "·", " = ", " ≤ ", " ≥ ", " ⟂ "
    encloses = False

    def __init__(self):
        self._parts = []

    def __str__(self) -> str:
        return "\n\n".join(self._parts) + "\n"

    number = staticmethod(number)

    def name(self, name: str) -> str:
        return name

    def fraction(self, over: str, under: str) -> str:
        return f"{over}/{under}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{exponent}"

    def function(self, name: str, arguments: Sequence[str]) -> str:
        return f"{name}({', '.join(arguments)})"

    def brackets(self, formula: str) -> str:
        return f"({formula})"

    def more(self, count: int) -> str:
        return f"… {count} more …"

    def remark(self, formula: str, word: str) -> str:
        return f"{formula}, {word}"

    def text(self, text: str) -> str:
        return re.sub(r"([|*<`$\\])", r"\\\1", " ".join(text.split()))

    def code(self, text: str) -> str:
        return f"`{text.replace('|', chr(92) + '|')}`"

    math = code

    def heading(self, level: int, text: str) -> None:
        self._parts.append(f"{'#' * level} {text}")

    def paragraph(self, text: str) -> None:
        self._parts.append(text)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        sizes = [
            max([3, *(len(cell) for cell in column if len(cell) <= PADDED)])
            for column in zip(heads, *rows, strict=True)
        ]
        lines = [heads, ["-" * size for size in sizes], *rows]
        self._parts.append(
            "\n".join(
                "| " + " | ".join(cell.ljust(size) for cell, size in zip(line, sizes, strict=True)) + " |"
                for line in lines
            )
        )


class Latex:
    """A LaTeX article; formulas break where a line ends."""

    times, scales, equal, at_most, at_least, perpendicular = r" \cdot ", r"\,", " = ", r" \le ", r" \ge ", r" \perp "
    encloses = True

    _SYMBOLS = {"mu_upper": r"\mu^{\mathrm{upper}}", "mu_lower": r"\mu^{\mathrm{lower}}", "nu": r"\nu"}
    _FUNCTIONS = frozenset({"exp", "log", "sin", "cos", "tan", "min", "max"})
    _LEVELS = ("", r"\section*", r"\subsection*", r"\subsubsection*", r"\paragraph*")
    _ESCAPES = {
        "\\": r"\textbackslash{}",
        **{sign: "\\" + sign for sign in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{
            sign: f"${tex}$"
            for sign, tex in {"<": "<", ">": ">", "|": "|", "≤": r"\le", "≥": r"\ge", "⟂": r"\perp"}.items()
        },
        **{sign: f"${tex}$" for sign, tex in {"−": "-", "·": r"\cdot", "×": r"\times", "²": "^2", "∈": r"\in"}.items()},
        "Σ": r"$\Sigma$",
        "…": r"\dots{}",
    }

    def __init__(self):
        self._parts = []

    def __str__(self) -> str:
        return "\n\n".join((_PREAMBLE, *self._parts, r"\end{document}")) + "\n"

    def number(self, value: float) -> str:
        mantissa, _, exponent = number(value).partition("e")
        return f"{mantissa} \\cdot 10^{{{int(exponent)}}}" if exponent else mantissa

    def name(self, name: str) -> str:
        """``consumer[1].shift`` → consumer₁.shift, ``mu_upper['row[1]']`` with a Greek mu."""
        parts = []
        for word, quoted, plain in re.findall(r"""([^\[\]]+)|\[(?:'([^']*)'|([^\]]*))\]""", name):
            if word:
                first, *rest = word.split(".")
                parts.append(
                    ".".join(
                        self._SYMBOLS.get(w) or (rf"\textit{{{self.text(w)}}}" if w else "") for w in (first, *rest)
                    )
                )
            else:
                parts.append(rf"_{{\text{{{self.text(quoted or plain)}}}}}")
        return "".join(parts)

    def fraction(self, over: str, under: str) -> str:
        return rf"\frac{{{over}}}{{{under}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{{{base}}}^{{{exponent}}}"

    def function(self, name: str, arguments: Sequence[str]) -> str:
        command = f"\\{name}" if name in self._FUNCTIONS else rf"\operatorname{{{self.text(name)}}}"
        return f"{command}({', '.join(arguments)})"

    def brackets(self, formula: str) -> str:
        return f"({formula})"

    def more(self, count: int) -> str:
        return rf"\underset{{\text{{{count} more}}}}{{\cdots}}"

    def remark(self, formula: str, word: str) -> str:
        return rf"{formula},\ \text{{{word}}}"

    def text(self, text: str) -> str:
        return "".join(self._ESCAPES.get(sign) or _greek(sign) for sign in " ".join(text.split()))

    def code(self, text: str) -> str:
        breakable = re.sub(r"([._,\]])", r"\1\\allowbreak{}", self.text(text))
        return rf"\texttt{{{breakable}}}"

    def math(self, formula: str) -> str:
        return f"${formula}$"

    def heading(self, level: int, text: str) -> None:
        self._parts.append(f"{self._LEVELS[level]}{{{text}}}")

    def paragraph(self, text: str) -> None:
        self._parts.append(text)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{width:.2g}\linewidth}}" for width in widths)
        lines = [" & ".join(row) + r" \\" for row in rows]
        head = " & ".join(heads) + r" \\ \hline \endhead"
        self._parts.append(
            "\n".join((rf"\begin{{longtable}}[l]{{@{{}}{columns}@{{}}}}", head, *lines, r"\end{longtable}"))
        )


def _greek(sign: str) -> str:
    """Greek letters, which not every LaTeX knows in text, as symbols; anything else as it is."""
    words = unicodedata.name(sign, "").split()
    if words[:3] == ["GREEK", "SMALL", "LETTER"] and len(words) == 4:
        return rf"$\{words[3].lower().replace('lamda', 'lambda')}$"
    return sign


_PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath,amssymb,array,longtable}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\renewcommand{\arraystretch}{1.3}
\setlength{\LTpre}{4pt}
\setlength{\LTpost}{4pt}
\begin{document}"""
