"""Pyomo expressions as formulas that people read, in the notation of a page (``markup``).

Named Expressions and mutable Params stay names and are handed out in ``Formulas.used``, to be written below. Pyomo's own
LaTeX printer (6.10) drops the brackets of ``-w*unfairness`` where unfairness is a named Expression that is a sum, and
takes no single row of a Block; hence this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pyomo.core.expr.numeric_expr import (
    DivisionExpression,
    NegationExpression,
    PowExpression,
    ProductExpression,
    SumExpression,
)
from pyomo.core.expr.numvalue import native_numeric_types
from pyomo.core.expr.relational_expr import EqualityExpression, RelationalExpression
from pyomo.core.expr.visitor import StreamBasedExpressionVisitor

LONGEST = 8
"""Terms of a sum that are written out; of a longer one the first four and the last."""
PRODUCT, POWER, ATOM = range(3)


@dataclass(frozen=True)
class Term:
    """``coefficient · text``; a pure number has no text. ``level`` says how tightly the text holds together."""

    coefficient: float
    text: str = ""
    level: int = ATOM


class Formulas:
    """Writes expressions and relations.

    Parameters
    ----------
    notation : Markdown or Latex
        Of :mod:`bilevel_dr.exposition.markup`.
    name_of : callable
        From a component to the name it is written by.

    Attributes
    ----------
    used : dict
        Named Expressions, mutable Params and fixed variables written since it was last emptied, by id.
    """

    def __init__(self, notation, name_of: Callable = lambda component: component.name):
        self.notation, self.name_of, self.used = notation, name_of, {}
        self._walker = StreamBasedExpressionVisitor(
            initializeWalker=lambda expression: self._enter(None, expression, 0),
            beforeChild=self._enter,
            exitNode=self._leave,
        )

    def __call__(self, expression, positive_first: bool = False) -> str:
        """The formula of an expression, a relation or a component's data; as it was written, or with a minus moved back."""
        terms = self._walker.walk_expression(expression)
        if positive_first:
            first = next((k for k, term in enumerate(terms) if term.coefficient > 0), 0)
            terms = [*terms[first : first + 1], *terms[:first], *terms[first + 1 :]]
        return self._sum(terms)

    def name(self, component) -> str:
        return self.notation.name(self.name_of(component))

    def _enter(self, parent, child, position):
        if child.__class__ in native_numeric_types:
            return False, [Term(float(child))]
        if not hasattr(child, "is_expression_type"):
            return False, [Term(1.0, self.notation.name(str(child)))]
        if not child.is_expression_type() or (child.is_named_expression_type() and child.parent_block() is not None):
            if not child.is_variable_type() or child.fixed:
                self.used.setdefault(id(child), child)
            return False, [Term(1.0, self.name(child))]
        return True, None

    def _leave(self, node, parts) -> list[Term]:
        if node.is_named_expression_type():
            return parts[0]
        if isinstance(node, SumExpression):
            return _collected([term for part in parts for term in part])
        if isinstance(node, NegationExpression) or (isinstance(node, ProductExpression) and parts[0] == [Term(-1.0)]):
            return [replace(term, coefficient=-term.coefficient) for term in parts[-1]]
        if isinstance(node, ProductExpression):
            return self._product(*parts)
        if isinstance(node, DivisionExpression):
            return self._fraction(*parts)
        if isinstance(node, PowExpression):
            return self._power(*parts)
        if isinstance(node, RelationalExpression):
            sign = self.notation.equal if isinstance(node, EqualityExpression) else self.notation.at_most
            return [Term(1.0, sign.join(self._sum(part) for part in parts), PRODUCT)]
        return [Term(1.0, self.notation.function(node.getname(), [self._sum(part) for part in parts]))]

    def _product(self, left, right) -> list[Term]:
        left, right = self._factor(left), self._factor(right)
        texts = [factor.text for factor in (left, right) if factor.text]
        level = PRODUCT if len(texts) == 2 else max(left.level if left.text else 0, right.level if right.text else 0)
        return [Term(left.coefficient * right.coefficient, self.notation.times.join(texts), level if texts else ATOM)]

    def _fraction(self, over, under) -> list[Term]:
        over, under = self._factor(over), self._factor(under)
        if not over.text and not under.text and under.coefficient:
            return [Term(over.coefficient / under.coefficient)]
        sign = math.copysign(1.0, over.coefficient) * math.copysign(1.0, under.coefficient)
        top, bottom = (self._one(replace(part, coefficient=abs(part.coefficient))) for part in (over, under))
        if not self.notation.encloses and under.text and (under.level == PRODUCT or abs(under.coefficient) != 1):
            bottom = self.notation.brackets(bottom)
        return [Term(sign, self.notation.fraction(top, bottom), PRODUCT)]

    def _power(self, base, exponent) -> list[Term]:
        base, text = self._factor(base), self._sum(exponent)
        if text == "1":
            return [base]
        below = self._one(base)
        if base.text and base.level != ATOM or base.coefficient != 1 and (base.text or base.coefficient < 0):
            below = self.notation.brackets(below)
        simple = len(exponent) == 1 and (exponent[0].coefficient == 1 or not exponent[0].text)
        if not self.notation.encloses and not (simple and exponent[0].coefficient > 0 and exponent[0].level == ATOM):
            text = self.notation.brackets(text)
        return [Term(1.0, self.notation.power(below, text), POWER)]

    def _factor(self, terms) -> Term:
        """A sum as one factor: in brackets where it has more than one term."""
        if len(terms) == 1:
            return terms[0]
        return Term(1.0, self.notation.brackets(self._sum(terms))) if terms else Term(0.0)

    def _sum(self, terms) -> str:
        terms = [term for term in terms if term.coefficient != 0]
        if not terms:
            return "0"
        pieces = [
            ("-" if term.coefficient < 0 else "+", self._one(replace(term, coefficient=abs(term.coefficient))))
            for term in terms
        ]
        if len(pieces) > LONGEST:
            pieces = [*pieces[:4], ("+", self.notation.more(len(pieces) - 5)), pieces[-1]]
        first = ("-" if pieces[0][0] == "-" else "") + pieces[0][1]
        return first + "".join(f" {sign} {text}" for sign, text in pieces[1:])

    def _one(self, term: Term) -> str:
        if not term.text:
            return self.notation.number(term.coefficient)
        if abs(term.coefficient) == 1:
            return term.text if term.coefficient > 0 else f"-{term.text}"
        return self.notation.number(term.coefficient) + self.notation.scales + term.text


def _collected(terms: list[Term]) -> list[Term]:
    """The same sum with its pure numbers added up, where the first of them stands."""
    constants = [term.coefficient for term in terms if not term.text]
    if len(constants) < 2:
        return terms
    first = next(k for k, term in enumerate(terms) if not term.text)
    kept = [term for k, term in enumerate(terms) if term.text or k == first]
    return [term if term.text else Term(math.fsum(constants)) for term in kept]
