"""The page of ``bilevel-dr app`` in a real browser, beside a plain solve of the same case in a fresh process.

From the address being opened to the first numbers, and from a key pressed on a slider to everything being about the new
number: answer, proof, two pictures, tables. Seconds on the wall, the browser's included.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from statistics import median

from browser.conftest import ARGUMENTS, BROWSERS, path_of

SMALL = (("khe_2025", "hard_800"), ("li_2025", "fig2_nonconvex"), ("le_cadre_2018", "tou8"))
TURNS = 5
STATUS = "[role=status][data-text]"


def measure():
    chromium = path_of()
    if chromium is None:
        yield f"no browser of {', '.join(BROWSERS)} on PATH: apt-get install chromium"
        return
    from playwright.sync_api import sync_playwright

    plain = {small: _plain(*small) for small in SMALL}
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS) as browser:
        command = [sys.executable, "-m", "bilevel_dr", "app", "--no-browser", "--port", "0"]
        began = time.perf_counter()
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            try:
                address = re.search(r"http\S+", server.stderr.readline())[0]
                peer = plain[SMALL[0]]
                yield _row("address printed", "", time.perf_counter() - began, peer)
                for what in ("first numbers, server just started", "first numbers, page opened again"):
                    page = browser.new_context().new_page()
                    yield _row(what, SMALL[0][0], _timed(page.goto, address, until=(page, "[data-claim]")), peer)
                    page.wait_for_selector(STATUS)
                for paper, case in SMALL:
                    yield _row("a slider turned", f"{paper} {case}", _turned(page, paper, case), plain[paper, case])
            finally:
                server.send_signal(signal.SIGINT)
    yield "× plain solve: how often that fits into bilevel-dr solve of the case (of the first row's, khe_2025 hard_800), process and all"


def _row(what, case, seconds, plain):
    return {"what": what, "case": case, "wall [s]": seconds, "plain solve, wall [s]": plain, "× plain solve": seconds / plain}


def _plain(paper, case) -> float:
    command = [sys.executable, "-m", "bilevel_dr", "solve", paper, case]
    return median(_timed(subprocess.run, command, check=False, capture_output=True) for _ in range(3))


def _timed(call, *arguments, until=None, **options) -> float:
    began = time.perf_counter()
    call(*arguments, **options)
    if until is not None:
        page, selector = until
        page.wait_for_selector(selector, timeout=120_000)
    return time.perf_counter() - began


def _turned(page, paper, case) -> float:
    """Median of some turns of the case's first slider, there and back."""
    for label, wanted in (("Paper", paper), ("Case", case)):
        before = page.locator(STATUS).get_attribute("data-text")
        if page.get_by_label(label, exact=True).locator("option:checked").inner_text() != wanted:
            page.get_by_label(label, exact=True).select_option(label=wanted)
            page.wait_for_selector(f'{STATUS}:not([data-text="{before}"])', timeout=120_000)
    slider, times = page.get_by_role("slider").first, []
    for turn in range(TURNS + 1):
        before = page.locator(STATUS).get_attribute("data-text")
        changed = page, f'{STATUS}:not([data-text="{before}"])'
        times.append(_timed(slider.press, ("ArrowRight", "ArrowLeft")[turn % 2], until=changed))
    return median(times[1:])
