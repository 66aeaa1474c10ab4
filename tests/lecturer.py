"""The lecturer's notebooks: each lesson with solutions after its exercises, and wrong answers with what is said of them.

``python tests/lecturer.py [FOLDER] [--execute]`` (``make solutions``) writes them to ``build/solutions``. Solutions are kept away
from the exercises, in ``tests/solutions/NN_title.py``, one file a notebook, in cells::

    # %%                              what the cells below need
    # %% [markdown] 3b                why, as comment lines
    # %% 3b                           code that leaves the right answer in ``answer``
    # %% 3b wrong: no finite M        code that leaves a wrong one, and words of the explanation that it gets
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))
HEAD = re.compile(r"# %%(?: \[(?P<kind>markdown)\])?(?: (?P<name>\d+[a-z]))?(?: wrong: (?P<wrong>.+))?\s*")
CHECK = re.compile(r"check\(\"(\d+[a-z])\"")


@dataclass(frozen=True)
class Cell:
    """One cell of a file of solutions; ``name`` is empty where it belongs to no exercise, ``wrong`` where it is right."""

    kind: str
    name: str
    wrong: str
    source: str


def solutions_of(notebook: Path) -> Path:
    """Where the solutions of a notebook are written."""
    return ROOT / "tests" / "solutions" / f"{notebook.stem.replace('-', '_')}.py"


def read_cells(file: Path) -> list[Cell]:
    """The cells of a file in the order they stand."""
    cells, lines = [], file.read_text(encoding="utf-8").splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("# %%")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        head = HEAD.fullmatch(lines[start])
        if head is None:
            raise ValueError(f"{file.name}:{start + 1}: {lines[start]!r} is no head of a cell: {__doc__}")
        body = lines[start + 1 : end]
        if head["kind"]:
            body = [re.sub(r"^# ?", "", line) for line in body]
        cells.append(Cell(head["kind"] or "code", head["name"] or "", head["wrong"] or "", "\n".join(body).strip()))
    return cells


def exercises_in(cell) -> list[str]:
    """Names of the exercises that a notebook's cell hands to ``check``."""
    return CHECK.findall(cell.source) if cell.cell_type == "code" else []


def filled(file: Path):
    """A notebook (nbformat) with the cells of its solutions after each exercise."""
    notebook = nbformat.read(file, as_version=4)
    solutions = read_cells(solutions_of(file))
    shared = [_as_code(cell, f"solutions-{i}") for i, cell in enumerate(solutions) if not cell.name and cell.kind == "code"]
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        for name in exercises_in(cell):
            cells += shared
            shared = []
            own = [solution for solution in solutions if solution.name == name]
            cells += [_as_cell(solution, f"solution-{name}-{i}") for i, solution in enumerate(own)]
    notebook.cells = cells
    return notebook


def _as_cell(cell: Cell, identity: str):
    if cell.kind == "markdown":
        return nbformat.v4.new_markdown_cell(f"**Solution of {cell.name}.** {cell.source}", id=identity)
    return _as_code(cell, identity)


def _as_code(cell: Cell, identity: str):
    source = f"# A wrong answer\n{cell.source}" if cell.wrong else cell.source
    asks = f'\ncheck("{cell.name}", answer)' if cell.name else ""
    return nbformat.v4.new_code_cell(source + asks, id=identity)


def execute(notebook, folder: Path):
    """Run every cell in a kernel of its own that works in ``folder``; outputs stand in the notebook, which is returned."""
    return NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(prog="python tests/lecturer.py", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "solutions", help="build/solutions by default")
    parser.add_argument("--execute", action="store_true", help="run the cells, so that their outputs are there")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for file in NOTEBOOKS:
        notebook = filled(file)
        if options.execute:
            execute(notebook, options.folder)
        nbformat.write(notebook, options.folder / file.name)
        print(options.folder / file.name)


if __name__ == "__main__":
    main()
