"""The report on disk: the page, each table as CSV and LaTeX, each figure as PDF and PNG, the whole run as JSON.

An older report is replaced whole: everything is written under a temporary name inside the folder and renamed, the page last.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import DataError
from ..run_folder import as_json
from .latex import latex_table
from .page import render
from .section import Section

PAGE = "index.html"
PARTS = ("tables", "figures", "report.json", PAGE)
"""What a report consists of; anything else in its folder is left alone."""
MARK = "<title>bilevel_dr: papers reproduced</title>"


def write_report(
    folder: str | Path, sections: Iterable[Section], versions: Mapping[str, str], written: str = "", command: str = ""
) -> Path:
    """Write a report into a folder, made where it is missing; an older one is replaced at once or not at all.

    ``index.html`` holds everything. Beside it are ``tables/<paper>/<table>.csv`` and ``.tex``,
    ``figures/<paper>/<figure>.pdf`` and ``.png``, and ``report.json``.

    Parameters
    ----------
    sections : iterable of Section
    versions : mapping of str to str
    written, command : str
        Date and what was typed, at the end of the page.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    DataError
        The folder holds tables or figures that are not of a report.
    OSError
        It cannot be written.
    """
    folder, sections = Path(folder), [section.drawn() for section in sections]
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: content for section in sections for name, content in _files(section)}
    files["report.json"] = as_json(_plain(sections, versions, written, command), indent=1) + "\n"
    files[PAGE] = render(sections, versions, written, command, beside=True)
    _replace(folder, files)
    return folder / PAGE


def check_folder(folder: str | Path) -> None:
    """Refuse a folder that has something else by a name of the report's, before anything is solved.

    Raises
    ------
    DataError
    """
    folder = Path(folder)
    page = folder / PAGE
    ours = page.is_file() and MARK in page.read_text(encoding="utf-8", errors="replace")[:2000]
    foreign = [name for name in PARTS if (folder / name).exists()]
    if foreign and not ours:
        raise DataError(
            f"--out {folder}: its {foreign[0]} is not of a report and would be lost; choose another folder, nothing was touched"
        )


def _files(section: Section):
    """Every table and figure of a paper: its name from the report's folder on, its content."""
    for name, table in section.frames.items():
        yield f"tables/{section.name}/{name}.csv", table.to_csv(index=False, lineterminator="\n")
        yield f"tables/{section.name}/{name}.tex", latex_table(table, name)
    for name, drawing in section.figures.items():
        yield f"figures/{section.name}/{name}.pdf", drawing.pdf
        yield f"figures/{section.name}/{name}.png", drawing.png


def _plain(sections: Sequence[Section], versions: Mapping, written: str, command: str) -> dict:
    papers = {
        section.name: {
            "title": section.title,
            "seconds": section.seconds,
            "parts": section.parts,
            "error": section.error or None,
            "rows": section.rows,
            "certificates": [] if section.certificates is None else section.certificates.to_dict("records"),
            "inputs": section.sources,
            "data": section.data,
        }
        for section in sections
    }
    return {"written": written, "command": command, "versions": dict(versions), "papers": papers}


def _replace(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Put ``files`` where an older report was; whatever stops it, what was there is there again."""
    work = Path(tempfile.mkdtemp(prefix=".report.", dir=folder))
    new, old, moved = work / "new", work / "old", []
    try:
        old.mkdir()
        for name, content in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        try:
            for name in PARTS:
                for source, target in ((folder, old), (new, folder)):
                    if (source / name).exists():
                        os.rename(source / name, target / name)
                        moved.append((source / name, target / name))
        except BaseException:
            for source, target in reversed(moved):
                os.rename(target, source)
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
