"""A line on the terminal that says what is being done, for how long and how much of it; nothing where stderr is none."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOG = logging.getLogger("bilevel_dr")
WIDTH = 24
"""Of the bar, in characters."""


@contextmanager
def progress() -> Iterator[None]:
    """Meanwhile, the latest message of the ``bilevel_dr`` loggers beside a clock, gone again at the end.

    A message that was logged with ``extra={"part": 0.3}`` says how much is done: from then on there is a bar as well.
    With ``--verbose`` the messages themselves are on the screen, and no line is needed.
    """
    if not sys.stderr.isatty() or LOG.isEnabledFor(logging.INFO):
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    # a copy of the terminal, which the silence around compiled solvers does not reach
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as terminal:
        console = Console(file=terminal, force_terminal=True)
        columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False)
        with Progress(*columns, console=console, transient=True, refresh_per_second=4) as bar:
            handler = _Latest(bar, bar.add_task("…", total=1.0))
            LOG.addHandler(handler)
            LOG.setLevel(logging.INFO)
            try:
                yield
            finally:
                LOG.removeHandler(handler)
                LOG.setLevel(logging.WARNING)


class _Latest(logging.Handler):
    """Shows a record in place of the one before."""

    def __init__(self, bar, task):
        super().__init__(logging.INFO)
        self.bar, self.task = bar, task

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "part"):
            if len(self.bar.columns) == 3:
                from rich.progress import BarColumn

                clock, text = self.bar.columns[:2], self.bar.columns[2]
                self.bar.columns = (*clock, BarColumn(WIDTH), text)
            self.bar.update(self.task, completed=record.part)
        self.bar.update(self.task, description=record.getMessage().split("\n")[0][:100])
