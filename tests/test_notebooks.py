"""The notebooks of the course: clean files, and every cell of each runs, with its solutions, warnings being errors."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import lecturer
import nbformat
import pytest
import readme

from bilevel_dr.course import check, judging

BOOKS = {file.stem: file for file in lecturer.NOTEBOOKS}
PIP = "%pip install -q bilevel_dr"


@pytest.mark.parametrize("stem", BOOKS)
def test_a_notebook_is_clean(stem):
    notebook = nbformat.read(BOOKS[stem], as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    identities = [cell.id for cell in notebook.cells]
    assert len(set(identities)) == len(identities)
    ran = [cell.id for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
    assert not ran, f"{stem}: clear the outputs of {ran} (Kernel, Restart and Clear Outputs) before it is committed"


@pytest.mark.parametrize("stem", BOOKS)
def test_a_notebook_begins_on_a_bare_machine(stem):
    first = next(cell for cell in nbformat.read(BOOKS[stem], as_version=4).cells if cell.cell_type == "code")
    guard = ast.parse(first.source.replace(PIP, "pass")).body[1]
    assert ast.unparse(guard.test) == "importlib.util.find_spec('bilevel_dr') is None"
    assert first.source.count(PIP) == 1 and first.source.count("pip") == 1 and "ready()" in first.source


@pytest.mark.parametrize("stem", BOOKS)
def test_a_notebook_shows_the_models_that_its_exercises_judge(stem):
    """A function that has the name of one in a lesson's module says the same, but for its docstring."""
    lessons = sorted(Path(judging.__file__).parent.glob("lesson_*.py"))
    judged = {name: text for file in lessons for name, text in _functions(file.read_text(encoding="utf-8")).items()}
    cells = [cell.source for cell in nbformat.read(BOOKS[stem], as_version=4).cells if cell.cell_type == "code"]
    shown = {name: text for cell in cells for name, text in _functions(cell.replace(PIP, "pass")).items()}
    both = shown.keys() & judged.keys()
    assert {name: shown[name] for name in both} == {name: judged[name] for name in both}


@pytest.mark.parametrize("stem", BOOKS)
def test_a_notebook_runs_with_its_solutions(stem, tmp_path, monkeypatch):
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):  # no user's settings
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = lecturer.filled(BOOKS[stem])
    strict = nbformat.v4.new_code_cell("import warnings\nwarnings.simplefilter('error')", id="strict")
    relaxed = nbformat.v4.new_code_cell("warnings.simplefilter('default')", id="relaxed")  # the kernel's own end warns
    notebook.cells = [strict, *notebook.cells, relaxed]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    lecturer.execute(notebook, elsewhere)
    said = {cell.id: _printed(cell) for cell in notebook.cells if cell.cell_type == "code"}
    assert "Ready; solvers found" in said[next(cell.id for cell in notebook.cells[1:] if cell.cell_type == "code")]
    for cell in notebook.cells:
        for name in lecturer.exercises_in(cell):
            if not cell.id.startswith("solution-"):
                assert f"{name}: still open." in said[cell.id]
            else:
                assert f"{name}: {'not yet' if '# A wrong answer' in cell.source else 'right'}." in said[cell.id]
    assert not [cell.id for cell in notebook.cells for output in cell.get("outputs", ()) if output.get("name") == "stderr"]
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("stem", BOOKS)
def test_a_notebook_asks_three_to_five_exercises(stem):
    cells = nbformat.read(BOOKS[stem], as_version=4).cells
    asked = [name for cell in cells for name in lecturer.exercises_in(cell)]
    assert 3 <= len(asked) <= 5
    assert asked == [f"{int(stem[:2])}{letter}" for letter in "abcde"[: len(asked)]]


SYLLABUS = readme.SYLLABUS.read_text(encoding="utf-8")


def test_the_syllabus_lists_every_lesson():
    assert readme.LESSONS.search(SYLLABUS).group() == readme.lessons(), "stale: run make readme ARGS=--syllabus"
    assert re.findall(r"\]\((\S+)\.ipynb\)", SYLLABUS) == list(BOOKS)


def test_the_verdict_in_the_syllabus_is_what_check_says(capsys):
    code, said = re.search(r"(?s)```python\n(.+?)```\n\n```\n(.+?)```", SYLLABUS).groups()
    exec(code, {"check": check})
    assert capsys.readouterr().out == said


def test_make_solutions_writes_a_notebook_a_lesson(tmp_path, capsys):
    lecturer.main([str(tmp_path)])
    written = {file.stem: nbformat.read(file, as_version=4) for file in sorted(tmp_path.iterdir())}
    assert list(written) == list(BOOKS) and len(capsys.readouterr().out.splitlines()) == len(BOOKS)
    for notebook in written.values():
        nbformat.validate(notebook)
        assert any(cell.id.startswith("solution-") for cell in notebook.cells)


def test_a_head_that_is_none_is_an_error(tmp_path):
    (tmp_path / "99_odd.py").write_text("# %%\nx = 1\n# %% exercise 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="99_odd.py:3"):
        lecturer.read_cells(tmp_path / "99_odd.py")


def _printed(cell) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def _functions(source) -> dict[str, str]:
    found = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    for node in found.values():
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return {name: ast.unparse(node) for name, node in found.items()}
