"""The frame of the report: one page and its style, for phones, screens and paper, light and dark."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #5b6570; --line: #d8dde3; --band: #f4f6f8;
  --good: #0b6b3a; --bad: #b3261e; --odd: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171b; --ink: #e7eaee; --soft: #9aa5b1; --line: #333a42; --band: #1d2227;
    --good: #62d394; --bad: #ff8a80; --odd: #f0b95b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem clamp(.8rem, 4vw, 2rem) 4rem; max-width: 68rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .4rem 0 1rem; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 0 0 .2rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { max-width: 46rem; margin: .5rem 0; }
a { color: inherit; }
section { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 1.5rem; }
small, .note, footer { color: var(--soft); font-size: .85rem; }
.note { margin: 0 0 1rem; }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; }
.chip { border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .7rem; font-size: .85rem; }
.reproduced { color: var(--good); }
.missed, .uncertified, .error { color: var(--bad); }
.discrepancy { color: var(--odd); }
.table { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; }
.long { max-height: 32rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; }
th { position: sticky; top: 0; background: var(--band); font-weight: 600; }
tbody tr + tr td { border-top: 1px solid var(--line); }
.n { text-align: right; font-variant-numeric: tabular-nums; }
td[class]:not(.said) { white-space: nowrap; }
.said { min-width: 15rem; }
figure { margin: 1.8rem 0; }
figure img { display: block; width: 100%; max-width: 46rem; background: #fff; border-radius: .4rem; padding: .5rem; }
figcaption { color: var(--soft); font-size: .85rem; margin-top: .3rem; }
footer ul { padding-left: 1.1rem; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  section { break-before: page; border: 0; margin: 0; }
  footer section { break-before: auto; }
  h2, h3 { break-after: avoid; }
  figure { margin: .8rem 0; }
  figure img { max-width: 125mm; padding: 0; }
  figure, tr { break-inside: avoid; }
  .table, .long { overflow: visible; max-height: none; border: 0; }
  table { font-size: 7pt; }
  th, td { padding: .15rem .3rem; }
  .said { min-width: 0; }
  th { position: static; } }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>bilevel_dr: papers reproduced</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>Demand-response games, reproduced</h1>
<p>Each paper below is a game: a leader decides (or several do), its followers answer in their own interest.
Every number was solved anew by bilevel_dr from the paper's data files, and every answer checked against the
untouched model; one that fails this is marked as uncertified.</p>
{verdict}
<ul>{links}</ul>
</header>
{sections}
<footer>
<section>
<h2>Made with</h2>
<ul>{versions}</ul>
<p>{written}</p>
<p><b>reproduced</b>: within the tolerance that stands beside the paper's number · <b>missed</b>: outside of it ·
<b>discrepancy</b>: the paper contradicts itself, the comment says where ·
<b>uncertified</b>: the answer failed its certificate</p>
</section>
</footer>
</body>
</html>
"""
