"""The notebooks of the course: clean files, and every cell of each runs, with its solutions, warnings being errors."""

from __future__ import annotations

import ast
from pathlib import Path

import lecturer
import nbformat
import pytest
from nbclient import NotebookClient

from bilevel_dr.course import judging

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
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(elsewhere)}}).execute()
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


def _printed(cell) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def _functions(source) -> dict[str, str]:
    found = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    for node in found.values():
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return {name: ast.unparse(node) for name, node in found.items()}
