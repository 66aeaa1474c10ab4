"""A page to play with: pick a paper and a case, turn its numbers or edit its text, see what leader and followers do.

``serving`` opens it, ``page`` is the marimo notebook that lays it out, the other modules are what it lays out: pure, and
tested without a browser. The text of the data file is the one truth: sliders write into it, everything else reads it.
"""
