"""Papers, cases and variants are found by their names, wherever the package is installed."""

from __future__ import annotations

import pytest

import bilevel_dr as bdr
from bilevel_dr.papers import list_papers


@pytest.mark.parametrize(("paper", "case"), [(p.name, case) for p in list_papers().values() for case in p.cases])
def test_every_shipped_case_loads_by_its_name(paper, case, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert bdr.load_case(paper, case).is_constructed()


def test_a_variant_overrides_and_a_path_as_on_the_command_line(tmp_path):
    assert bdr.load_case("khe_2025/share_of_call", "hard_800", {"target": 900}).target.value == 900
    folder = list_papers()["khe_2025"].room.parents[1] / "data" / "khe_2025"
    assert bdr.load_case("khe_2025", str(folder / "hard_800.dat")).target.value == 800


def test_a_name_that_is_not_there_names_the_nearest():
    with pytest.raises(bdr.ModelError, match="did you mean 'khe_2025'"):
        bdr.load_case("khe_2052", "hard_800")
    with pytest.raises(bdr.DataError, match="did you mean 'hard_800'"):
        bdr.load_case("khe_2025", "hard_80")
