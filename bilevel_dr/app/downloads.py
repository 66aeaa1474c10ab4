"""What can be taken away: the run folder of the answer, with the data file that it came from, in one archive."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from ..run_folder import write_run
from ..solution import Solution


def archive(case: str, text: str, model: str, solution: Solution) -> bytes:
    """A .zip with ``<case>.dat``, ``run.json``, ``solution.csv`` and ``log.txt``.

    Parameters
    ----------
    case : str
        Its name.
    text : str
        Of the data file.
    model : str
        Path of the model's file.
    solution : Solution
    """
    with tempfile.TemporaryDirectory(prefix="bilevel_dr_") as folder, io.BytesIO() as stream:
        data = Path(folder) / f"{case}.dat"
        data.write_text(text, encoding="utf-8")
        run = write_run(f"{folder}/{case}", {"model": model, "data": str(data)}, {}, solution, "answered by bilevel-dr app\n")
        record = run / "run.json"
        record.write_text(record.read_text(encoding="utf-8").replace(f"{folder}/", ""), encoding="utf-8")  # gone by then
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in (data, *sorted(run.iterdir())):
                packed.write(path, f"{case}/{path.name}")
        return stream.getvalue()
