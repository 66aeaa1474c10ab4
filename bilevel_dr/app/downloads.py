"""What can be taken away: the run folder of an answer, its data file in it, as one archive that can be repeated from."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from ..run_folder import Run
from ..solution import Solution

LOG = "answered by bilevel-dr app\n"


def archive(paper: str, case: str, text: str, model: str, solution: Solution) -> bytes:
    """A .zip with a folder as ``solve --out`` writes it: ``run.json``, ``solution.csv``, ``inputs/<case>.dat``.

    Parameters
    ----------
    paper, case : str
        Their names.
    text : str
        Of the data file.
    model : str
        Path of the model's file.
    solution : Solution
    """
    options = {"model": paper, "data": f"{case}.dat", "set": [], "solver": "auto", "starts": None, "time_limit": None}
    options |= {"reformulation": "exact" if solution.reformulation == "exact" else "auto", "seed": 0, "trust_data": False}
    with tempfile.TemporaryDirectory(prefix="bilevel_dr_") as folder, io.BytesIO() as stream:
        data = Path(folder) / f"{case}.dat"
        data.write_text(text, encoding="utf-8")
        run = Run.begin(f"{folder}/{case}", options)
        try:
            run.take("model", model, copied=False)
            run.take("data", str(data))
            run.log.write_text(LOG, encoding="utf-8")
            written = run.finish(solution)
        finally:
            run.drop()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(path for path in written.rglob("*") if path.is_file()):
                packed.write(path, f"{case}/{path.relative_to(written)}")
        return stream.getvalue()
