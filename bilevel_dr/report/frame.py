"""The frame of the report: one page and its style, for phones, screens and paper, light and dark."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #56606b; --line: #d8dde3; --band: #f4f6f8;
  --good: #0b6b3a; --bad: #b3261e; --odd: #855500; --link: #0b57a4; --invert: none; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171b; --ink: #e7eaee; --soft: #9aa5b1; --line: #333a42; --band: #1d2227; --good: #62d394;
    --bad: #ff8a80; --odd: #f0b95b; --link: #8ab8f0; --invert: invert(.915) hue-rotate(180deg); } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif;
  overflow-wrap: anywhere; }
header, main, nav { padding: 1.2rem clamp(.8rem, 4vw, 2rem); }
header, main { width: 100%; max-width: 72rem; margin: 0 auto; }
main { padding: 0 clamp(.8rem, 4vw, 2rem) 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .4rem 0 1rem; }
h2 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 .3rem; }
h3 { font-size: 1.1rem; margin: 2.4rem 0 .6rem; }
h4 { font-size: .95rem; margin: 1.8rem 0 .5rem; }
p, li, dd { max-width: 46rem; }
p { margin: .5rem 0; }
a { color: var(--link); text-underline-offset: .15em; }
code { font: .92em ui-monospace, monospace; }
main > section { padding-top: 1.6rem; }
main > section + section { border-top: 1px solid var(--line); margin-top: 2.8rem; }
small, .note, .links { color: var(--soft); font-size: .85rem; }
.note { margin: 0 0 1rem; }
.skip { position: absolute; left: -99rem; background: var(--paper); padding: .5rem 1rem; }
.skip:focus { left: 0; }
nav { font-size: .9rem; border: 1px solid var(--line); border-width: 1px 0; background: var(--band); }
nav ul { list-style: none; margin: .2rem 0; padding: 0; }
nav li { margin: .45rem 0; }
nav li li { display: inline-block; margin: 0 .7rem 0 0; }
nav a { color: var(--ink); text-decoration: none; display: inline-block; padding: .15rem 0; }
nav a:hover { text-decoration: underline; }
nav li li a { color: var(--soft); }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; }
.chip { border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .7rem; font-size: .85rem; }
.reproduced { color: var(--good); }
.missed, .uncertified, .error { color: var(--bad); }
.discrepancy { color: var(--odd); }
.table { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; }
.long { max-height: 34rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; line-height: 1.45; overflow-wrap: normal; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; }
th { position: sticky; top: 0; background: var(--band); font-weight: 600; vertical-align: bottom; }
tbody tr + tr td { border-top: 1px solid var(--line); }
.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n, td.reproduced, td.missed, td.discrepancy, td.uncertified, td span, td code { white-space: nowrap; }
td small { display: block; max-width: 30rem; font-size: inherit; }
td:first-child small { min-width: 11rem; }
.said { min-width: 11rem; }
.links { margin: .3rem 0 0; }
figcaption .links { margin-left: .8rem; }
figure { margin: 1.6rem 0; }
.picture { overflow-x: auto; border-radius: .4rem; }
figure img { display: block; width: calc(var(--inches) * 6.4rem); max-width: 100%;
  min-width: min(calc(var(--inches) * 4.5rem), 42rem);
  background: #fff; filter: var(--invert); }
figcaption { color: var(--soft); font-size: .85rem; margin-top: .3rem; }
dt { font-weight: 600; margin-top: .4rem; }
dd { margin: 0 0 0 1.1rem; }
@media (min-width: 76rem) {
  body { display: grid; grid-template: auto 1fr / 17rem minmax(0, 1fr); }
  header, main { grid-column: 2; }
  nav { grid-area: 1 / 1 / 3 / 2; position: sticky; top: 0; height: 100vh; overflow-y: auto; border-width: 0 1px 0 0; }
  nav li li { display: block; margin: 0 0 0 .8rem; } }
@media print {
  @page { size: A4; margin: 14mm; }
  @page wide { size: A4 landscape; }
  :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --band: #fff; --good: #0b6b3a;
    --bad: #b3261e; --odd: #855500; --link: #000; --invert: none; }
  body { display: block; font-size: 9.5pt; }
  header, main { max-width: none; padding: 0; }
  a { text-decoration: none; }
  nav, .skip, .links { display: none; }
  main > section, main > section + section { border: 0; margin: 1rem 0 0; padding: 0; }
  .paper, .tables, .inputs { break-before: page; }
  .tables, .inputs { page: wide; }
  h2, h3, h4 { break-after: avoid; }
  h3 { margin-top: 1.2rem; }
  figure { margin: .8rem 0; }
  figure img { width: auto; max-width: 120mm; min-width: 0; max-height: 105mm; }
  figure, tr { break-inside: avoid; }
  .table, .long, .picture { overflow: visible; max-height: none; border: 0; }
  table { font-size: 7pt; }
  .wide table { font-size: 6pt; }
  .widest table { font-size: 5pt; }
  th, td { padding: .12rem .25rem; }
  td.n, td code { white-space: normal; }
  .said, td small { min-width: 0; }
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
<a class="skip" href="#results">Skip to the results</a>
<header>
<h1>Demand-response games, reproduced</h1>
<p>Each paper below is a game: a leader decides (or several do), its followers answer in their own interest.
Every number was solved anew by bilevel_dr from the paper's data files, and every answer checked against the
untouched model; one that fails this is marked as uncertified.</p>
{verdict}
</header>
<nav aria-label="Contents">
<ul><li><a href="#glance">At a glance</a></li>{differing}{contents}<li><a href="#made">How it was made</a></li></ul>
</nav>
<main id="results">
<section id="glance">
<h2>At a glance</h2>
{glance}
</section>
{differences}
{papers}
<section id="made">
<h2>How it was made</h2>
<p class="note">{written}</p>
<h3>Words</h3>
<dl>
<dt>reproduced</dt><dd>within the tolerance that stands beside the paper's number; of a claim: it holds</dd>
<dt>missed</dt><dd>outside of that tolerance</dd>
<dt>discrepancy</dt><dd>what is stated cannot hold: the paper contradicts itself, or there is an instance against it</dd>
<dt>uncertified</dt><dd>the answer failed its certificate; its number is not to be used</dd>
</dl>
<h3>Status of the inputs</h3>
<dl>{inputs}</dl>
<h3>Versions</h3>
<ul>{versions}</ul>
{data}
</section>
</main>
</body>
</html>
"""
