"""What a long job rests on stays what it was, and its hash changes with everything that counts and with nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import bilevel_dr as bdr
from bilevel_dr.models.khe_2025 import exact, share_of_call
from bilevel_dr.models.khe_2025.model import model as khe
from bilevel_dr.models.le_cadre_2018.model import model as le_cadre
from bilevel_dr.sweeping.snapshot import source_hash, take_snapshot

MODEL = """
import pyomo.environ as pyo
import helper

model = pyo.AbstractModel()
model.most = pyo.Param()
model.x = pyo.Var(bounds=(0, helper.BOUND))
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    (tmp_path / "helper.py").write_text("BOUND = 4\n")
    (tmp_path / "mine.py").write_text(MODEL)
    (tmp_path / "mine.dat").write_text("param most := 3;\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("helper", None)


def most_of(snapshot):
    with snapshot.in_place() as (model, data):
        return bdr.load(model, data, trust_data=True).most.value, data


def test_changed_or_missing_files_are_loaded_as_they_were(files):
    snapshot = take_snapshot(files / "mine.py", files / "mine.dat")
    assert most_of(snapshot) == (3, [str(files / "mine.dat")])
    (files / "mine.dat").write_text("param most := 7;\n")
    (files / "mine.py").unlink()
    value, data = most_of(snapshot)
    assert value == 3 and data != [str(files / "mine.dat")]
    with pytest.raises(bdr.ModelError, match="no such file"):
        take_snapshot(files / "mine.py", files / "mine.dat")
    with pytest.raises(bdr.DataError, match="none.dat: cannot be read: No such file"):
        take_snapshot(khe, files / "none.dat")


def test_trusted_data_are_taken_with_what_they_read(files):
    (files / "more").mkdir()
    (files / "more" / "most.csv").write_text("most\n5\n")
    (files / "more" / "most.dat").write_text('load "most.csv" : most;\n')
    (files / "mine.dat").write_text('include "more/most.dat";\n')
    snapshot = take_snapshot(files / "mine.py", files / "mine.dat", trust_data=True)
    read = {str(files / name) for name in ("mine.py", "mine.dat", "more/most.dat", "more/most.csv")}
    assert set(snapshot.hashes) == read and most_of(snapshot)[0] == 5
    (files / "more" / "most.csv").write_text("most\n6\n")
    assert most_of(snapshot)[0] == 5
    again = take_snapshot(files / "mine.py", files / "mine.dat", trust_data=True)
    changed = [path for path in read if again.hashes[path] != snapshot.hashes[path]]
    assert changed == [str(files / "more" / "most.csv")]


def test_a_hash_is_that_of_the_source_and_what_it_imports_beside_it(files):
    path = str(files / "mine.py")
    first = source_hash(path)
    (files / "thesis.py").write_text("x = 1\n")
    assert source_hash(path) == first
    (files / "helper.py").write_text("BOUND = 5\n")
    assert source_hash(path) != first
    (files / "helper.py").write_text("BOUND = 4\n")
    assert source_hash(path) == first
    (files / "mine.py").write_text(MODEL + "# a word more\n")
    assert source_hash(path) != first


def test_a_paper_s_model_is_hashed_by_its_files(monkeypatch, tmp_path):
    hashes = {source_hash(thing) for thing in (khe, share_of_call.model, le_cadre, exact.solve)}
    assert len(hashes) == 4
    changed = tmp_path / "model.py"
    module = sys.modules["bilevel_dr.models.khe_2025.model"]
    changed.write_bytes(Path(module.__file__).read_bytes() + b"# a word more\n")
    before = source_hash(khe)
    assert source_hash(khe) == before
    monkeypatch.setattr(module, "__file__", str(changed))
    assert source_hash(khe) != before


def test_what_was_written_in_a_notebook_is_hashed_with_what_it_refers_to():
    def written(bound):
        names = {"__name__": "__main__", "bound": bound}
        exec("import pyomo.environ as pyo\nm = pyo.AbstractModel()\nm.x = pyo.Var(bounds=lambda m: (0, bound))", names)
        return names["m"]

    assert source_hash(written(3)) == source_hash(written(3)) != source_hash(written(4))
