"""Each notebook of the course from the start of its kernel to its last cell, as a student runs it, beside an empty one."""

from __future__ import annotations

import tempfile
import time

import nbformat
from lecturer import NOTEBOOKS, execute

LIMIT = 60.0
"""What a notebook is meant to stay under, seconds."""


def measure():
    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import bilevel_dr")])
    yield {"notebook": "(empty)", "cells": 1, "wall [s]": _wall(empty)}
    slow = []
    for file in NOTEBOOKS:
        notebook = nbformat.read(file, as_version=4)
        seconds = _wall(notebook)
        slow += [file.name] if seconds > LIMIT else []
        code = sum(cell.cell_type == "code" for cell in notebook.cells)
        yield {"notebook": file.stem, "cells": code, "wall [s]": seconds}
    yield f"Meant to run in under {LIMIT:g} s each; longer: {', '.join(slow) or 'none'}."


def _wall(notebook) -> float:
    with tempfile.TemporaryDirectory(prefix="bilevel_dr_") as folder:
        began = time.perf_counter()
        execute(notebook, folder)
        return time.perf_counter() - began
