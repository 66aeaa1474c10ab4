"""Starting points in processes lead where they lead here, and one that ends its process costs its share only."""

from __future__ import annotations

import os

import pytest
from builders import tracking

import bilevel_dr as bdr
from bilevel_dr import searching


def test_processes_find_the_same():
    one, two = (bdr.solve(tracking(), "scholtes", "casadi-ipopt", starts=4, workers=workers) for workers in (1, 2))
    assert two.leader_objective == pytest.approx(one.leader_objective, abs=1e-7) == pytest.approx(2.75, abs=1e-6)
    assert (two.claim, two.termination, two.certificate.passed) == (one.claim, one.termination, True)
    assert two.point == pytest.approx(one.point, abs=1e-5)


def test_a_start_that_ends_its_process_costs_its_share(monkeypatch):
    follow = searching.Search.follow

    class Deadly(searching.Search):
        def follow(self, points, reformulation, solver):
            if points[0][0] == 0:
                os._exit(3)
            return follow(self, points, reformulation, solver)

    monkeypatch.setattr("bilevel_dr.solving.Search", Deadly)
    found = bdr.solve(tracking(), "scholtes", "casadi-ipopt", starts=4, workers=2)
    assert found.leader_objective == pytest.approx(2.75, abs=1e-6) and found.certificate.passed
    assert any("1 of 2 processes with starting points were lost: the worker process died (exit code 3)" in n for n in found.notes)
    monkeypatch.setattr(Deadly, "follow", lambda *_: os._exit(3))
    with pytest.raises(bdr.SolverFailed, match="worker process died"):
        bdr.solve(tracking(), "scholtes", "casadi-ipopt", starts=4, workers=2)
    with pytest.raises(bdr.ModelError, match="workers=0"):
        bdr.solve(tracking(), workers=0)
