"""The server of the page: on this machine only, behind a token, nothing fetched from elsewhere."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from ..errors import BilevelError, DataError

PORT = 2718
"""Tried first where none is asked for."""
PATIENCE = 1
"""Seconds open pages have to say goodbye after Ctrl-C."""


class Server:
    """The page on a port of this machine, not yet running.

    Parameters
    ----------
    port : int, optional
        By default ``PORT``, or any that is free.

    Raises
    ------
    BilevelError
        marimo is not installed; the message has the command that adds it.
    DataError
        The port is taken or may not be used.

    Attributes
    ----------
    address : str
        With the token that lets in.
    """

    def __init__(self, port: int | None = None):
        try:
            import marimo
            import uvicorn  # which marimo brings
        except ImportError as error:
            raise BilevelError(
                f"the page is laid out by marimo, and {error.name} is not here: python -m pip install 'bilevel_dr[app]'"
            ) from error
        self._socket = _bound(port)
        token = secrets.token_urlsafe(16)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/?access_token={token}"
        page = str(Path(__file__).with_name("page.py"))
        site = marimo.create_asgi_app(quiet=True, token=token).with_app(path="", root=page).build()
        config = uvicorn.Config(site, log_level="critical", timeout_graceful_shutdown=PATIENCE)  # pages cut off are no error
        self._server = uvicorn.Server(config)

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until interrupted; ``ready`` is called once the page can be asked for."""
        start = self._server.startup

        async def startup(sockets=None):
            await start(sockets=sockets)
            ready()

        self._server.startup = startup
        threading.Thread(target=_warm, daemon=True).start()
        self._server.run(sockets=[self._socket])


def show(address: str) -> bool:
    """Open an address in the browser of the desktop; whether there is one."""
    desktop = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(desktop) and webbrowser.open(address)


def _bound(port: int | None) -> socket.socket:
    """A socket on the loopback interface."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # where it means something else
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(("127.0.0.1", PORT if port is None else port))
    except OSError as error:
        if port is not None:
            opened.close()
            raise DataError(f"--port {port}: {error.strerror}; give another, or none") from error
        opened.bind(("127.0.0.1", 0))
    return opened


def _warm() -> None:
    """Import what the first answer needs while the browser still loads the page."""
    from ..papers import list_papers, resolve_data
    from . import answering, drawing, reading

    paper = next(paper for paper in list_papers().values() if paper.play() is not None)
    text = Path(resolve_data(next(iter(paper.cases)), paper)).read_text(encoding="utf-8")
    instance = reading.read(paper.model(), text).instance
    solution, _ = answering.answer(paper, instance)
    answering.second_opinion(instance, solution)
    _, curve = next(iter(paper.play().curves(instance).items()))
    drawing.as_html(drawing.draw(curve(solution)), "")
