"""Rows, tables and figures of the papers → one HTML page that needs nothing else, and each of them as a file beside it."""

from .drawings import Drawing
from .files import check_folder, write_report
from .page import render
from .rows import SIGNS, facts_table, stated_row
from .section import Section, certificates_table

__all__ = [
    "SIGNS",
    "Drawing",
    "Section",
    "certificates_table",
    "check_folder",
    "facts_table",
    "render",
    "stated_row",
    "write_report",
]
