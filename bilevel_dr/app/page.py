# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The page, laid out by marimo. What it shows is computed by the modules beside it.

Cells named ``put_…`` stand in the left column, ``show_…`` in the right one; where there is no room, the editor comes last.
"""

import marimo

app = marimo.App(width="full", app_title="bilevel_dr: play")


@app.cell
def _():
    from time import perf_counter

    import marimo as mo

    from bilevel_dr.app import answering, comparing, downloads, look, reading, turning, words
    from bilevel_dr.papers import list_papers, resolve_data

    papers = {name: paper for name, paper in list_papers().items() if paper.play() is not None}
    kept = {}  # the curve looked at last
    return (
        answering,
        comparing,
        downloads,
        kept,
        look,
        mo,
        papers,
        perf_counter,
        reading,
        resolve_data,
        turning,
        words,
    )


@app.cell
def head(look, mo):
    mo.Html(look.HEADER)
    return


@app.cell
def put_paper(mo, papers):
    paper_choice = mo.ui.dropdown(list(papers), value=next(iter(papers)), label="Paper", full_width=True)
    mo.vstack([paper_choice])
    return (paper_choice,)


@app.cell
def put_case(mo, paper_choice, papers):
    paper = papers[paper_choice.value]
    case_choice = mo.ui.dropdown(list(paper.cases), value=next(iter(paper.cases)), label="Case", full_width=True)
    mo.vstack([case_choice])
    return case_choice, paper


@app.cell
def put_story(case_choice, look, mo, paper):
    mo.Html(look.story(paper.title, paper.cases[case_choice.value]))
    return


@app.cell
def _(case_choice, mo, paper, resolve_data):
    with open(resolve_data(case_choice.value, paper), encoding="utf-8") as _file:
        _text = _file.read()
    now, set_now = mo.state(_text)  # the text that is answered
    typed, set_typed = mo.state(_text)  # as the editor last left it: the knobs begin there
    moved, set_moved = mo.state(_text)  # as the knobs last left it: the editor begins there
    return moved, now, set_moved, set_now, set_typed, typed


@app.cell
def _(paper, reading, typed):
    base = reading.read(paper.model(), typed())
    return (base,)


@app.cell
def put_knobs(base, look, mo, paper, set_moved, set_now, turning):
    knobs = turning.offered(paper.play(), base.instance)
    _before = turning.settings(base.instance, knobs)

    def _turn(values):
        text = turning.turned(paper.model(), base.text, knobs, _before, values)
        set_moved(text)
        set_now(text)

    def _element(knob):
        label, value = turning.label(base.instance, knob), _before[knob.name]
        if knob.choices:
            return mo.ui.dropdown(turning.options(knob), value=turning.said(value), label=label, full_width=True)
        return mo.ui.slider(
            knob.low, knob.high, knob.step, value=value, label=label, show_value=True, full_width=True
        )

    turners = mo.ui.dictionary({knob.name: _element(knob) for knob in knobs}, on_change=_turn)
    mo.vstack([mo.Html(look.KNOBS if knobs else look.NO_KNOBS), *turners.elements.values()])
    return (turners,)  # marimo forgets elements that no name holds


@app.cell
def put_editor(look, mo, moved, set_now, set_typed):
    def _type(text):
        set_typed(text)
        set_now(text)

    editor = mo.ui.code_editor(moved(), language="r", debounce=250, max_height=460, show_copy_button=False, on_change=_type)
    mo.vstack([mo.Html(look.EDITOR), editor])
    return (editor,)


@app.cell
def put_downloads(case_choice, downloads, look, mo, now, paper, solution):
    _name, _text = case_choice.value, now()
    _data = mo.download(_text.encode(), filename=f"{_name}.dat", mimetype="text/plain", label="Data file (.dat)")
    _results = mo.download(
        lambda: downloads.archive(paper.name, _name, _text, str(paper.room / "model.py"), solution),
        filename=f"{_name}.zip",
        mimetype="application/zip",
        label="Results (.zip)",
        disabled=solution is None,
    )
    mo.vstack([mo.Html(look.DOWNLOADS), mo.hstack([_data, _results], justify="start", wrap=True)])
    return


@app.cell
def _(now, paper, perf_counter, reading):
    _began = perf_counter()
    case = reading.read(paper.model(), now())
    read_in = perf_counter() - _began
    return case, read_in


@app.cell
def _(answering, case, paper, perf_counter):
    _began = perf_counter()
    solution, trouble = answering.answer(paper, case.instance) if case.instance is not None else (None, "")
    answered_in = perf_counter() - _began
    return answered_in, solution, trouble


@app.cell
def show_status(answered_in, case, checked_in, drawn_in, mo, pictured_in, read_in, words):
    _drawn = sum(seconds for seconds in (drawn_in, pictured_in) if seconds is not None) or None
    _times = {"read": read_in, "answered": answered_in, "drawn": _drawn, "followers re-solved": checked_in}
    mo.Html(words.status(case.text, _times if case.instance is not None else {}))
    return


@app.cell
def show_answer(answering, case, mo, reading, solution, trouble, words):
    if case.instance is None:
        _said = reading.mistakes_as_html(case)
    elif solution is None:
        _said = words.trouble(trouble)
    else:
        _said = words.headline(solution, *answering.objective(case.instance))
    mo.Html(_said)
    return


@app.cell
def show_choice(base, kept, mo, paper):
    _titles = list(paper.play().curves(base.instance)) if base.instance is not None else []
    curve_choice = mo.ui.dropdown(
        _titles,
        value=kept["curve"] if kept.get("curve") in _titles else next(iter(_titles), None),
        label="Curve",
        on_change=lambda title: kept.update(curve=title),
    )
    mo.vstack([curve_choice]) if _titles else None
    return (curve_choice,)


@app.cell
def show_curve(case, curve_choice, mo, paper, perf_counter, solution):
    from bilevel_dr.app import drawing as _drawing  # not before the first answer is shown

    _began, drawn_in, _picture = perf_counter(), None, ""
    _known = paper.play().curves(case.instance) if solution is not None and solution.point else {}
    if curve_choice.value in _known:
        _curve = _known[curve_choice.value](solution)
        _picture = _drawing.as_html(_drawing.draw(_curve), f"{_curve.up}, {curve_choice.value}")
        drawn_in = perf_counter() - _began
    mo.Html(_picture)
    return (drawn_in,)


@app.cell
def show_picture(case, mo, perf_counter, solution, words):
    from bilevel_dr.app import drawing as _drawing

    _began, pictured_in, _picture = perf_counter(), None, ""
    if solution is not None and solution.point:
        _picture = _drawing.as_html(solution.plot(case.instance), f"the answer to {case.instance.name}")
        pictured_in = perf_counter() - _began
    mo.Html(_picture and words.section("The answer", _picture))
    return (pictured_in,)


@app.cell
def show_check(answering, case, look, mo, solution):
    check = mo.ui.run_button(label="Re-solve every follower")
    _ask = solution is not None and solution.point and not answering.is_small(case.instance)
    mo.vstack([mo.Html(look.CHECK), check]) if _ask else None
    return (check,)


@app.cell
def show_proof(answering, case, check, mo, perf_counter, solution, words):
    _began, checked_in, checked, _said = perf_counter(), None, None, ""
    if solution is not None:
        _said = words.proof(solution.certificate, f"by {solution.reformulation}, {solution.solver}")
        if solution.point and (check.value or answering.is_small(case.instance)):
            checked = answering.second_opinion(case.instance, solution)
            checked_in = perf_counter() - _began
            _said += words.proof(checked, "by the engine, which solved every follower again")
    mo.Html(_said and words.section("Certificate", f'<div class="bdr-proofs">{_said}</div>'))
    return checked, checked_in


@app.cell
def show_followers(case, checked, mo, solution, words):
    mo.Html(words.answers(case.instance, solution, checked) if solution is not None else "")
    return


@app.cell
def show_ask(comparing, look, mo):
    ask = mo.ui.run_button(label="Compare now")
    each = mo.ui.dropdown({f"{s} s": s for s in comparing.LIMITS}, value=f"{comparing.LIMITS[0]} s", label="at most, each")
    always = mo.ui.switch(label="after every change")
    mo.vstack([mo.Html(look.COMPARISON), mo.hstack([ask, each, always], justify="start", align="center", wrap=True, gap=1.5)])
    return always, ask, each


@app.cell
def show_comparison(always, answering, ask, case, comparing, each, look, mo, words):
    _said = look.NOT_COMPARED
    if case.instance is not None and (ask.value or always.value):
        with mo.status.spinner(title="Comparing", subtitle=f"{comparing.WORKERS} routes at a time, at most {each.value} s each"):
            _found = comparing.compared(case.instance, each.value)
        _said = words.comparison(_found) if not isinstance(_found, str) else words.trouble(_found)
    mo.Html(_said)
    return


if __name__ == "__main__":
    app.run()
