"""A process that does not outlive the one it works for, even where that one was killed and could say nothing."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time


def end_with_parent(parent: int, folder: str | None = None) -> None:
    """From now on, end when the process ``parent`` is not this one's parent any more, even in the middle of its work.

    ``folder`` is removed then: nobody is left to do it.
    """
    threading.Thread(target=_watch, args=(parent, folder), daemon=True).start()


def _watch(parent: int, folder: str | None) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)  # programs that run here are ended by those who started them
    time.sleep(1)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
