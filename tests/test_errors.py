"""Errors carry what a reader needs, as text and as attributes, across processes too."""

from __future__ import annotations

import copy
import pickle

import pytest

from bilevel_dr import errors
from bilevel_dr.errors import BilevelError, DataError


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({}, "must be positive"),
        ({"parameter": "target"}, "must be positive"),
        ({"file": "case.dat"}, "case.dat: must be positive"),
        ({"file": "case.dat", "line": 7, "parameter": "baseline[3]"}, "case.dat:7: must be positive"),
    ],
)
def test_data_error_says_where_and_travels(where, text):
    error = DataError("must be positive", **where)
    for twin in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert str(twin) == text and twin.message == "must be positive"
        assert (twin.file, twin.line, twin.parameter) == tuple(where.get(name) for name in ("file", "line", "parameter"))


@pytest.mark.parametrize("name", ["DataError", "ModelError", "SolverMissing", "SolverFailed"])
def test_every_error_is_ours_and_is_documented(name):
    kind = getattr(errors, name)
    assert issubclass(kind, BilevelError) and kind.__doc__
    assert str(pickle.loads(pickle.dumps(kind("what, why, remedy")))) == "what, why, remedy"
    with pytest.raises(BilevelError):
        raise kind("x")


def test_our_errors_are_not_mistaken_for_pythons():
    for kind in (DataError, errors.ModelError, errors.SolverMissing, errors.SolverFailed):
        assert not issubclass(kind, ValueError | KeyError | RuntimeError)
