"""The house holds: imports point one way, rooms keep their size and their names. Read from the source, by ast."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import bilevel_dr

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = {"bilevel_dr": ROOT / "bilevel_dr", "bilevel_dr.models": ROOT / "models", "bilevel_dr.data": ROOT / "data"}
COMMAND_LINE = ("bilevel_dr.cli", "bilevel_dr.__main__")
SPEAKS = "bilevel_dr.course"  # what it has to say of an answer is said where the answer is given
KNOWS_PAPERS = ("bilevel_dr.cli", "bilevel_dr.doctor", "bilevel_dr.course", "bilevel_dr.app")  # by bilevel_dr.papers
DRAWS_PAPERS = "bilevel_dr.pictures"  # an answer that has left its model behind finds the room that draws it, by its name


def module_name(package, file):
    parts = [package, *file.relative_to(PACKAGE[package]).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(package, file): file for package in PACKAGE for file in sorted(PACKAGE[package].rglob("*.py"))}
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in FILES.items()}


def within(name, *packages):
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


DATA = [name for name in FILES if within(name, "bilevel_dr.data")]
MODELS = [name for name in FILES if within(name, "bilevel_dr.models") and name != "bilevel_dr.models"]
ENGINE = [name for name in FILES if not within(name, "bilevel_dr.models", "bilevel_dr.data")]
PAPERS = {name.split(".")[2] for name in MODELS}


def imports(name, nodes=None):
    """Every module that a module's import statements name, those inside functions too, as absolute names."""
    nodes = nodes if nodes is not None else ast.walk(TREES[name])
    package = name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                home = ".".join([*above, *([home] if home else [])])
            for alias in node.names:
                inner = f"{home}.{alias.name}"
                yield inner if inner in FILES else home


def foreign(name, *allowed):
    """The imports of a module that lie outside the standard library and outside ``allowed`` modules and packages."""
    return sorted(found for found in imports(name) if not within(found, *sys.stdlib_module_names, *allowed))


def declares_a_model(name):
    targets = [t for node in TREES[name].body if isinstance(node, ast.Assign) for t in node.targets]
    return any(isinstance(target, ast.Name) and target.id == "model" for target in targets)


def room(name):
    return ".".join(name.split(".")[:3])


def test_the_readers_of_this_file_read():
    assert {"bilevel_dr", "bilevel_dr.solution", "bilevel_dr.models.khe_2025.exact"} <= set(FILES)
    assert declares_a_model("bilevel_dr.models.khe_2025.model")
    assert "bilevel_dr.solution" in imports("bilevel_dr.models.khe_2025.exact")
    lines = "from .. import kkt\nfrom . import sos1\ndef f():\n    from ..bounds import side_bounds\n    import casadi"
    found = set(imports("bilevel_dr.reformulate.big_m", ast.walk(ast.parse(lines))))
    assert found == {"bilevel_dr.kkt", "bilevel_dr.reformulate.sos1", "bilevel_dr.bounds", "casadi"}


@pytest.mark.parametrize("name", DATA)
def test_data_imports_nothing(name):
    assert list(imports(name)) == []


@pytest.mark.parametrize("name", MODELS)
def test_a_paper_imports_what_its_rooms_allow(name):
    role = name.rpartition(".")[2]
    if declares_a_model(name):  # and what its data lead to, but nothing that answers the model
        assert foreign(name, "pyomo", room(name)) == []
        answers = {f"{room(name)}.{module}" for module in ("exact", "study", "figures")}
        assert not answers & reachable(name, imports)
    elif role == "study":
        assert foreign(name, room(name), "bilevel_dr", "numpy", "scipy", "pandas", "matplotlib", "pyomo") == []
    elif role == "figures":
        assert foreign(name, room(name), "bilevel_dr.plots", "numpy", "matplotlib") == []
    elif role == "play":
        assert foreign(name, room(name), "bilevel_dr.play", "numpy") == []
    else:  # exact and its like: the oracle shares no code with the engine
        assert foreign(name, room(name), "bilevel_dr.solution", "numpy", "scipy") == []
    papers = {room(found) for found in imports(name) if within(found, "bilevel_dr.models")}
    assert papers <= {room(name)}


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_names_no_paper(name):
    assert not [found for found in imports(name) if within(found, "bilevel_dr.models", "bilevel_dr.data")]
    constants = {node.value for node in ast.walk(TREES[name]) if isinstance(node, ast.Constant)}
    words = {word for word in constants if isinstance(word, str)}
    if not within(name, "bilevel_dr.papers", DRAWS_PAPERS, *KNOWS_PAPERS):
        assert not [word for word in words if word in PAPERS or within(word, "bilevel_dr.models", "bilevel_dr.data")]
        assert "bilevel_dr.papers" not in imports(name)


def reachable(start, step):
    """Every module of ours that ``step(module)`` leads to from ``start``, itself only where there is a circle."""
    seen, todo = set(), [start]
    while todo:
        new = set(step(todo.pop())) & FILES.keys() - seen
        seen |= new
        todo += new
    return seen


def test_verification_shares_no_code_with_what_it_verifies():
    route = ("kkt", "duality", "bounds", "reformulate", "working", "starts", "solving")
    used = reachable("bilevel_dr.verification", imports)
    assert "bilevel_dr.followers" in used
    assert [name for name in used if within(name, *(f"bilevel_dr.{module}" for module in route))] == []


@pytest.mark.parametrize("name", [name for name in ENGINE if within(name, "bilevel_dr.plots")])
def test_plots_know_numbers_only(name):
    assert foreign(name, "bilevel_dr.plots", "numpy", "matplotlib") == []
    assert "matplotlib.pyplot" not in imports(name)


@pytest.mark.parametrize("name", FILES)
def test_loading_a_module_makes_no_circle(name):
    assert name not in reachable(name, lambda module: imports(module, TREES[module].body))


@pytest.mark.parametrize("name", FILES)
def test_a_module_fits_in_the_head(name):
    assert len(FILES[name].read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("name", [name for name in ENGINE if not within(name, *COMMAND_LINE) and name != SPEAKS])
def test_only_the_command_line_and_the_course_print(name):
    calls = (node.func for node in ast.walk(TREES[name]) if isinstance(node, ast.Call))
    assert not [call.lineno for call in calls if isinstance(call, ast.Name) and call.id == "print"]


@pytest.mark.parametrize("name", bilevel_dr.__all__)
def test_public_names_are_there_and_no_module_hides_one(name):
    assert getattr(bilevel_dr, name) is not None
    assert f"bilevel_dr.{name}" not in FILES
