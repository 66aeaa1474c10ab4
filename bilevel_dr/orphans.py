"""A process that does not outlive the one it works for, even where that one was killed and could say nothing."""

from __future__ import annotations

import os
import signal
import threading
import time


def end_with_parent(parent: int) -> None:
    """From now on, end when the process ``parent`` is not this one's parent any more, even in the middle of its work."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)  # programs that run here are ended by those who started them
    time.sleep(1)
    os._exit(1)
