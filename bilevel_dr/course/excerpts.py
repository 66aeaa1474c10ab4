"""Lines of a paper's model, read from its file, so that what a lesson shows beside an equation is what is solved."""

from __future__ import annotations

import ast
import difflib
import textwrap

from ..errors import ModelError
from ..papers import find_paper


class Excerpt(str):
    """Python source that a notebook shows in colours."""

    def _repr_markdown_(self) -> str:
        return f"```python\n{self}\n```"


def lines(paper: str, *names: str) -> Excerpt:
    """The statements of ``model.py`` that declare components.

    Parameters
    ----------
    paper : str
        ``"khe_2025"``, or one of its variants, ``"khe_2025/share_of_call"``.
    *names : str
        ``"call"``, or ``"consumer.within_call"`` for what the Block ``consumer`` declares.

    Returns
    -------
    Excerpt

    Raises
    ------
    ModelError
        The file declares no such component; the message has the nearest name.

    Examples
    --------
    >>> print(lines("khe_2025", "consumer.within_call"))
    @follower.Constraint(doc="(4e) nobody shifts more than it was called for [kWh]")
    def within_call(follower):
        return follower.shift <= model.call[i]
    """
    room, _, variant = paper.partition("/")
    file = find_paper(room).room / f"{variant or 'model'}.py"
    source = file.read_text(encoding="utf-8")
    body = ast.parse(source).body
    return Excerpt("\n\n".join(_statement(source, body, name, file.name) for name in names))


def _statement(source: str, body: list[ast.stmt], name: str, file: str) -> str:
    declared, *inner = name.split(".")
    there = {_declares(node): node for node in body}
    if declared not in there:
        close = difflib.get_close_matches(declared, [known for known in there if known], 1, 0.5)
        raise ModelError(f"{file} declares no {name!r}{f'; did you mean {close[0]!r}?' if close else ''}")
    node = there[declared]
    if inner:
        return _statement(source, node.body if isinstance(node, ast.FunctionDef) else [], ".".join(inner), file)
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
    return textwrap.dedent("\n".join(source.splitlines()[first - 1 : node.end_lineno]))


def _declares(node: ast.stmt) -> str | None:
    """``call`` of ``model.call = …`` and of a decorated ``def call``."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        return node.targets[0].attr
    return None
