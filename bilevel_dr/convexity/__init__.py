"""Convexity of followers: ``judge(follower)`` says proved, not proved or disproved, and why.

The way of a row: :mod:`verdict` asks :mod:`rules` (composition, from :mod:`products` and :mod:`functions`, with
:mod:`definiteness` for quadratic forms), then :mod:`hessian` (intervals of second derivatives over a :mod:`box`), and
at last :mod:`witness` for a proof of the contrary.
"""

from ..followers import Program
from .verdict import Verdict, judge
from .witness import Witness

__all__ = ["Verdict", "Witness", "judge", "judge_all"]


def judge_all(program: Program) -> dict[str, Verdict]:
    """The verdict on every follower of a program, by name, the leader's own rows narrowing what it may decide."""
    return {follower.name: judge(follower, program.leader_constraints) for follower in program.followers}
