"""A reformulation for each pair: big-M where a proved M is known, SOS1 elsewhere, or as the user says by row."""

from __future__ import annotations

import fnmatch

import pyomo.environ as pyo

from ..errors import ModelError


def mixed(block, pairs, choice=None) -> None:
    """Rows of several reformulations, each on its own sub-block.

    Parameters
    ----------
    choice : mapping of str to str, optional
        Pattern of pair names (``"consumer[*].kkt.pair_upper[*]"``, ``*`` standing for anything) → reformulation; the first
        that matches counts. Pairs without one take ``big_m`` where both sides have a proved finite M, ``sos1`` elsewhere.

    Raises
    ------
    ModelError
        A choice that is no reformulation, or a pattern that matches no pair.
    """
    from ..bounds import side_bounds
    from . import REFORMULATIONS

    groups: dict[str, list] = {}
    rest = []
    unused = dict.fromkeys(choice or {})
    for pair in pairs:
        for pattern, name in (choice or {}).items():
            if fnmatch.fnmatchcase(pair.name, pattern.replace("[", "[[]")):
                if name not in REFORMULATIONS or name == "mixed":
                    raise ModelError(
                        f"mixed: {pattern!r} asks for {name!r}; "
                        f"choose from {', '.join(r for r in REFORMULATIONS if r != 'mixed')}"
                    )
                groups.setdefault(name, []).append(pair)
                unused.pop(pattern, None)
                break
        else:
            rest.append(pair)
    if unused:
        raise ModelError(
            f"mixed: no pair is named like {next(iter(unused))!r}; the first is {pairs[0].name if pairs else 'missing'}"
        )
    bounds = side_bounds(block.model(), rest) if rest else []
    numbers = []
    for pair, (left, right) in zip(rest, bounds, strict=True):
        proved = left.proved and right.proved and left.value < float("inf") and right.value < float("inf")
        groups.setdefault("big_m" if proved else "sos1", []).append(pair)
        if proved:
            numbers.append((left, right))
    for name, group in groups.items():
        block.add_component(name, pyo.Block(doc=f"{name} of {len(group)} pairs"))
        chosen_by_user = name == "big_m" and len(numbers) != len(group)
        options = {"M": numbers} if name == "big_m" and not chosen_by_user else {}
        REFORMULATIONS[name](block.component(name), group, **options)
