"""Complementarity pairs → rows a solver takes. One reformulation a file, one signature::

    def name(block, pairs, **options) -> None      # adds its components to ``block``, changes nothing else

Each is also a Pyomo transformation, ``TransformationFactory("bilevel_dr.scholtes").apply_to(model)``, that takes on every
active ``pyomo.mpec`` complementarity, ours or the user's, and puts its rows on ``model.mpec.<name>``.
"""

from __future__ import annotations

import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC

from .. import kkt  # noqa: F401  registers bilevel_dr.kkt for `pyomo solve --transform`
from ..complementarity import mpec_block, take_pairs
from ..errors import ModelError
from .big_m import big_m
from .fischer_burmeister import fischer_burmeister
from .indicator import indicator
from .mixed import mixed
from .penalty import penalty
from .product import product
from .scholtes import scholtes
from .sos1 import sos1
from .strong_duality import strong_duality

_ALL = (scholtes, product, fischer_burmeister, penalty, sos1, indicator, big_m, strong_duality, mixed)
REFORMULATIONS = {function.__name__: function for function in _ALL}


def add_rows(model, pairs, name: str, **options):
    """Put the rows of one reformulation of ``pairs`` on ``model.mpec.<name>`` and return that Block."""
    mpec = mpec_block(model)
    if mpec.component(name) is not None:
        raise ModelError(f"{model.name}: mpec.{name} is there already; reformulate a fresh instance")
    mpec.add_component(name, pyo.Block(doc=f"{name} of {len(pairs)} complementarity pairs"))
    block = mpec.component(name)
    try:
        with PauseGC():  # nothing here is garbage, and looking for it takes longer than the rows
            REFORMULATIONS[name](block, pairs, **options)
    except ModelError:  # no half-written rows stay behind a refusal
        mpec.del_component(block)
        raise
    return block


def _register(name: str) -> None:
    class Reformulation(pyo.Transformation):
        def _apply_to(self, model, **options):
            with PauseGC():
                pairs = take_pairs(model)
            mpec = model.component("mpec")
            taken = [other for other in REFORMULATIONS if mpec is not None and mpec.component(other) is not None]
            if not pairs and (mpec is None or taken):
                why = (
                    f"mpec.{taken[0]} has taken them all, reformulate a fresh instance"
                    if taken
                    else "apply bilevel_dr.kkt first"
                )
                raise ModelError(f"{model.name}: no active complementarity; {why}")
            add_rows(model, pairs, name, **options)

    Reformulation.__doc__ = REFORMULATIONS[name].__doc__
    pyo.TransformationFactory.register(f"bilevel_dr.{name}", doc=REFORMULATIONS[name].__doc__.splitlines()[0])(
        Reformulation
    )


for _name in REFORMULATIONS:
    _register(_name)
