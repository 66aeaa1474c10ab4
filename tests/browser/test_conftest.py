"""The browser of these tests: it shows a page, lets nothing out and keeps what the console says."""

from __future__ import annotations

import pytest

from .conftest import is_within


def test_a_page_is_shown(page, tmp_path):
    (tmp_path / "page.html").write_text("<!doctype html><title>Here</title><h1>Seen</h1>", encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    assert page.title() == "Here" and page.get_by_role("heading").inner_text() == "Seen"


PARTS = ('<img src="{}">', '<link rel="stylesheet" href="{}">', '<script>fetch("{}").catch(() => null)</script>')


@pytest.mark.parametrize("part", PARTS)
def test_a_request_to_another_machine_is_stopped_and_kept(page, outside, complaints, part):
    with page.expect_console_message():
        page.set_content(part.format("http://elsewhere.example/x"))
    assert outside == ["http://elsewhere.example/x"] and complaints == ["Failed to load resource: net::ERR_FAILED"]
    outside.clear()
    complaints.clear()


def test_an_exception_in_a_script_is_kept(page, complaints):
    with page.expect_event("pageerror"):
        page.set_content("<script>console.error('first'); throw new Error('second')</script>")
    assert [word for word in ("first", "second") if word not in " ".join(complaints)] == []
    complaints.clear()


@pytest.mark.parametrize(
    ("address", "within"),
    [
        ("file:///tmp/index.html", True),
        ("data:image/png;base64,AA==", True),
        ("http://127.0.0.1:2718/", True),
        ("http://localhost/", True),
        ("ws://[::1]:80/", True),
        ("https://fonts.example/a.woff2", False),
        ("http://localhost.example/", False),
    ],
)
def test_what_is_on_this_machine(address, within):
    assert is_within(address) is within
