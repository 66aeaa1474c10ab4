"""How the page looks, and its fixed words: two columns where there is room, light and dark, signs beside colours."""

from __future__ import annotations

from html import escape

STYLE = """<style>
:root { --bdr-soft: #56606b; --bdr-line: #d8dde3; --bdr-band: #f4f6f8; --bdr-good: #0a5a9c; --bdr-bad: #a83a00;
  --bdr-odd: #755700; }
.dark { --bdr-soft: #a3adb8; --bdr-line: #39414a; --bdr-band: #1d2227; --bdr-good: #7cc4ff; --bdr-bad: #ff9d6b;
  --bdr-odd: #f0c95b; }
.good { color: var(--bdr-good); } .bad { color: var(--bdr-bad); } .odd { color: var(--bdr-odd); }
div:has(> .marimo-cell) { display: flex; flex-direction: column; }
.marimo-cell:not(:empty) { margin-bottom: .7rem; }
.marimo-cell .output-area, .marimo-cell .output { padding: 0 !important; margin: 0 !important; clear: none;
  overflow: visible; }
[data-testid=notebook-actions-dropdown], .fixed:has(> [class*="w-[300px]"]) { display: none; }  /* marimo's own menus */
marimo-code-editor { --marimo-code-editor-font-size: .75rem; }
[data-cell-name=put_editor], [data-cell-name=put_downloads] { order: 1; }
@media (min-width: 62rem) {
  div:has(> .marimo-cell) { display: block; }
  div:has(> .marimo-cell)::after { content: ""; display: block; clear: both; }
  [data-cell-name^=put_] { float: left; clear: left; width: 27rem; }
  [data-cell-name^=show_] { margin-left: 30rem; width: auto; max-width: 60rem; } }
#App > div { padding-left: clamp(.8rem, 3vw, 3rem) !important; padding-right: clamp(.8rem, 3vw, 3rem) !important; }
.bdr-head h1 { font-size: 1.5rem; line-height: 1.2; font-weight: 700; margin: 0 3rem .3rem 0; }
.bdr-head p, .bdr-story p { margin: 0 0 .3rem; }
.bdr-story, .bdr-hint, .bdr-status { color: var(--bdr-soft); font-size: .875rem; line-height: 1.4; }
.bdr-title { font-size: 1rem; font-weight: 700; margin: .4rem 0 0; }
.bdr-status { margin: 0; }
.bdr-card { border: 1px solid var(--bdr-line); border-left: .35rem solid currentColor; border-radius: .4rem;
  padding: .5rem .8rem; margin: 0 0 .5rem; }
.bdr-card h2 { font-size: 1.25rem; font-weight: 700; line-height: 1.3; margin: 0; }
.bdr-card p { margin: .2rem 0; } .bdr-card ul { margin: .2rem 0; padding-left: 1.1rem; list-style: disc; }
.bdr-card > *, .bdr-card .bdr-table { color: var(--foreground, inherit); } .bdr-card ul, .bdr-card small { font-size: .85rem; }
.bdr-card.good .bdr-chip, .bdr-card .good { color: var(--bdr-good); }
.bdr-card.odd .bdr-chip { color: var(--bdr-odd); }
.bdr-card.bad .bdr-chip, .bdr-card.bad h2, .bdr-card .bad { color: var(--bdr-bad); }
.bdr-chip { border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .6rem; font-size: .85rem; font-weight: 600;
  white-space: nowrap; }
.bdr-part h2 { font-size: 1.05rem; font-weight: 700; margin: .6rem 0 .3rem; }
.bdr-proofs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: .6rem;
  align-items: start; }
.bdr-picture { display: block; width: 100%; max-width: 46rem; background: #fff; border-radius: .4rem; padding: .4rem; }
.bdr-table { overflow: auto; max-height: 26rem; border: 1px solid var(--bdr-line); border-radius: .4rem; }
.bdr-table table { border-collapse: collapse; width: 100%; font-size: .85rem; }
.bdr-table th, .bdr-table td { padding: .2rem .55rem; text-align: left; vertical-align: top; }
.bdr-table td:last-child:not(.n) { min-width: 11rem; }
.bdr-table th { position: sticky; top: 0; background: var(--bdr-band); font-weight: 600; }
.bdr-table tbody tr + tr td { border-top: 1px solid var(--bdr-line); }
.bdr-table .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bdr-card pre { overflow: auto; font-size: .8rem; line-height: 1.5; margin: .4rem 0; }
.bdr-card pre > * { display: block; min-height: 1.2em; white-space: pre; }
.bdr-card pre b { white-space: pre-wrap; color: var(--bdr-bad); }
.bdr-card pre mark { background: color-mix(in srgb, var(--bdr-bad) 18%, transparent); color: inherit; font-weight: 600; }
:focus-visible { outline: 2px solid var(--bdr-good); outline-offset: 2px; }
</style>"""

HEADER = f"""{STYLE}<header class="bdr-head"><h1>Demand-response games, to play with</h1>
<p>A leader decides, its followers answer in their own interest. Turn a number: the game is solved anew and the answer proved
again.</p></header>"""
KNOBS = '<h2 class="bdr-title">Turn a number</h2>'
NO_KNOBS = '<p class="bdr-hint">Nothing to turn until the data file is mended.</p>'
EDITOR = """<h2 class="bdr-title">Or edit the data file</h2>
<p class="bdr-hint">Sliders write into it. Escape, then Tab, leaves the editor.</p>"""
DOWNLOADS = '<h2 class="bdr-title">Take it away</h2>'
CHECK = '<p class="bdr-hint">A large case: its followers are solved again when you ask for it.</p>'
COMPARISON = """<h2 class="bdr-title">Every reformulation on every solver</h2>
<p class="bdr-hint">The same game by each route, each answer verified. Meanwhile the page waits.</p>"""
NOT_COMPARED = '<p class="bdr-hint">Not compared at these numbers.</p>'


def story(paper: str, case: str) -> str:
    """What paper and case are about."""
    return f'<div class="bdr-story"><p>{escape(paper)}.</p><p>{escape(case)}.</p></div>'
