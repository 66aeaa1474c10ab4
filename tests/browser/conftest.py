"""A browser for the tests of this folder, all marked ``browser``: Chromium from PATH, headless, with nowhere to go but here."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

HERE = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",  # what slips past the page's route
)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
WITHIN = ("file", "data", "blob", "about")


@pytest.hookimpl(tryfirst=True)  # before -m deselects
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests; where it or playwright is missing each test fails and says what adds it."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail("playwright is missing: python -m pip install 'bilevel_dr[test]'", pytrace=False)
    path = path_of()
    if path is None:
        pytest.fail(f"no {', '.join(BROWSERS[:-1])} or {BROWSERS[-1]} on PATH: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def outside():
    """Addresses beyond this machine that the test's pages asked for: none was sent, any left at its end fails it."""
    return []


@pytest.fixture
def complaints():
    """Errors of the console and exceptions no script caught; any left at the end of the test fails it."""
    return []


@pytest.fixture
def page(browser, outside, complaints):
    """A playwright Page of its own context, 1280 × 800."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, service_workers="block")
    context.route(lambda address: not is_within(address), lambda route: (outside.append(route.request.url), route.abort()))
    context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    page = context.new_page()
    page.on("websocket", lambda socket: None if is_within(socket.url) else outside.append(socket.url))
    yield page
    context.close()
    assert outside == [], "the page asked for what is not on this machine"
    assert complaints == [], "the page complained in its console"


def path_of() -> str | None:
    """Where the first of ``BROWSERS`` is that is here."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def is_within(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in WITHIN or parts.hostname in LOOPBACK
