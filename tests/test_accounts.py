"""A docstring of a paper, taken apart."""

from __future__ import annotations

import ast

import pytest

from bilevel_dr.accounts import Account, read_account
from bilevel_dr.papers import list_papers

DOCSTRING = """A game of two.

A. Author: A Game of Two (2030).

Leader: one.
Followers: the other.

=====  ==========================  ==============
mark   meaning                     component
=====  ==========================  ==============
(1)    x is at most c̄, the mean     ``within_mean``
(2)    nothing says it
=====  ==========================  ==============

By the way.

erratum : (1) has the wrong sign,
    everywhere.
erratum : (2) is (3).

Structure
---------
It is convex.

It is small.
"""


def test_each_part_is_found():
    assert read_account(DOCSTRING) == Account(
        title="A game of two",
        about=("A. Author: A Game of Two (2030).", "Leader: one.\nFollowers: the other."),
        equations=(("(1)", "x is at most c̄, the mean", "``within_mean``"), ("(2)", "nothing says it", "")),
        notes=("By the way.",),
        errata=("(1) has the wrong sign, everywhere.", "(2) is (3)."),
        structure=("It is convex.", "It is small."),
    )


@pytest.mark.parametrize("docstring", ["", "A game", "A game.\n\nOf two."])
def test_what_is_not_there_is_empty(docstring):
    found = read_account(docstring)
    assert found.title == docstring.partition(".")[0] and found.equations == found.errata == found.structure == ()


@pytest.mark.parametrize("paper", list_papers().values(), ids=lambda paper: paper.name)
def test_a_paper_says_who_plays_and_maps_its_equations(paper):
    account = paper.account
    assert len(account.about) >= 2 and len(account.equations) >= 5 and account.structure
    assert any(word in " ".join(account.about) for word in ("Leader:", "No leader:"))
    assert all(mark and meaning and component for mark, meaning, component in account.equations)
    whole = " ".join(ast.get_docstring(ast.parse((paper.room / "model.py").read_text(encoding="utf-8"))).split())
    told = [*account.about, *account.notes, *account.errata, *account.structure]
    assert [text for text in told if " ".join(text.split()) not in whole] == []
