"""Values against their model: its components are built in their order, as Pyomo would, and what stops them is named.

Pyomo stops at the first error and speaks Python; here each value, index, missing value and ``BuildCheck`` that is
wrong becomes one :class:`DataError` with its line. This runs only where loading failed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial

import pyomo.environ as pyo
from pyomo.common.errors import PyomoException
from pyomo.core.base.set import SetOperator, UnknownSetDimen

from ..errors import DataError, ModelError, one_line
from . import domains
from .case import DEFAULT, CaseData, Names, Place, label
from .statements import MAX_PROBLEMS

_SEARCHED = 20  # unknown indices for which the nearest known one is looked for
_NO_VALUE = ("Error retrieving immutable Param value", "Error evaluating Param value", "No value for uninitialized")
_MODEL_BUGS = (NameError, AttributeError, TypeError, ImportError, AssertionError, NotImplementedError, PyomoException)


def names_of(model) -> Names:
    """The names under which a model takes data, and how many entries their indices and members have."""
    params, sets, others, spread = {}, {}, {}, set()
    for component in model.component_objects(descend_into=False):
        name = component.local_name
        if component.ctype is pyo.Param:
            params[name] = _width(component.index_set()) if component.is_indexed() else 0
            if component.is_indexed() and component.default() is not pyo.Param.NoValue:
                spread.add(name)
        elif component.ctype is pyo.Set and not isinstance(component, SetOperator):
            sets[name] = _width_within(component) if component.is_indexed() else _width(component)
        else:
            others[name] = component.ctype.__name__
    return Names(params, sets, others, frozenset(spread))


def _width(members) -> int | None:
    """How many entries a member has, told from what the set is made of while it is not built."""
    if members.dimen is not UnknownSetDimen:
        return members.dimen
    parts = list(members.subsets(expand_all_set_operators=False))  # the factors of a product
    if len(parts) > 1:
        widths = [_width(part) for part in parts]
        return None if None in widths else sum(widths)
    if isinstance(members, SetOperator):
        return _width(next(iter(members.subsets(expand_all_set_operators=True))))
    return _domain_width(members.domain)


def _domain_width(domain) -> int | None:
    return 1 if domain is None or domain.dimen is None else _width(domain)


def _width_within(component) -> int | None:
    """The same for the sets of an indexed set, unless they differ."""
    dimen, domain = component._init_dimen, component._init_domain
    if not dimen.constant() or not domain.constant():
        return None
    dimen = dimen(None, None)
    return _domain_width(domain(None, None, component)) if dimen is UnknownSetDimen else dimen


def settle(model, case: CaseData) -> bool:
    """Give numbers the form that their domains mean; tell whether no NaN, infinity or truth stands where none belongs.

    The word ``inf`` becomes the number where a domain names it, and ``5.`` the 5 of a domain of integers or of a set that
    the data give, so that a model's rules can count with it.
    """
    allowed = True
    places = [(name, values, list(values)) for name, values in case.values.items()]
    for name, values, indices in [*places, *((name, case.defaults, [name]) for name in case.defaults)]:
        component = model.component(name)
        if component is None or component.ctype is not pyo.Param:
            continue
        domain, whole = component.domain, None
        for index in indices:
            value = values[index]
            if type(value) is str:
                values[index] = domains.as_infinity(domain, value)
            elif type(value) is bool:
                allowed = allowed and not domains.misplaced_truth(domain, value)
            elif type(value) is float and not math.isfinite(value):
                allowed = allowed and not math.isnan(value) and domains.holds_infinity(domain, value)
            elif type(value) is float and value.is_integer():
                if whole is None:
                    whole = _whole_numbers(domain, case)
                values[index] = whole(value)
    return allowed


def _whole_numbers(domain, case: CaseData) -> Callable[[float], int | float]:
    """How a domain writes 5.0."""
    if domain.is_constructed():
        return int if domains.is_integer(domain) else float
    members = case.values.get(domain.name, {}).get(None, ())
    known = {member: member for member in members}
    return lambda value: known.get(value, value)


def lacks_values(instance) -> bool:
    """Whether a built model still waits for a value: for any scalar, or at an index its expressions use."""
    for param in instance.component_objects(pyo.Param, descend_into=False):
        if param.default() is pyo.Param.NoValue and (param.mutable or not param.is_indexed()):
            given = [pyo.value(item, exception=False) for item in param.sparse_values()]
            if None in given or not given and not param.is_indexed():
                return True
    return False


def problems(model, case: CaseData) -> list[DataError]:
    """Everything wrong with ``case`` as data of the AbstractModel ``model``, file by file and line by line.

    Raises
    ------
    ModelError
        If the data pass and a component still cannot be built, for a reason in the model.
    """
    found = [*case.problems, *_Check(model.clone(), case).run()]
    order = {file: number for number, file in enumerate(case.files)}

    def position(error):
        line = math.inf if error.line is None else error.line
        return error.file is None, order.get(error.file, len(order)), str(error.file), line

    return sorted(found, key=position)


class _Check:
    """One pass over the components of an unbuilt clone."""

    def __init__(self, instance, case: CaseData):
        self.instance, self.case = instance, case
        self.found: list[DataError] = []
        self.doubtful: set[int] = set()  # identities of sets whose members are not known for sure
        self.strangers: set[tuple] = set()  # indices reported once, though each column of a table's row has them
        self.sound = not case.problems  # nothing wrong so far but missing values and failed checks
        self.lacking: set[str] = set()  # params reported for missing values

    def run(self) -> list[DataError]:
        for name, component in self.instance.component_map().items():
            if component.ctype is pyo.Param:
                self._param(name, component)
            elif component.ctype in (pyo.Set, pyo.RangeSet):
                self._set(name, component)
            elif self.sound:
                checks = component.ctype is pyo.BuildCheck
                self._attempt(name, component, partial(self._check, name, component) if checks else component.construct)
        if self.sound and not self.found and lacks_values(self.instance):
            self._report_missing()
        return self.found

    def _report(self, message: str, name: str, index=None, place: Place | None = None, fatal: bool = True) -> None:
        place = place or self.case.places.get((name, index)) or Place(self.case.file)
        message = f"override {message}" if place.is_override else message
        if len(self.found) <= MAX_PROBLEMS:
            self.found.append(DataError(message, file=place.file, line=place.line, parameter=label(name, index)))
        self.sound = self.sound and not fatal

    def _set(self, name: str, component) -> None:
        given, taken = self.case.values.get(name), None
        if given is not None:
            taken = {}
            for index, members in given.items():
                if self._knows(component, index):
                    taken[index] = [member for member in members if self._joins(component, name, index, member)]
                else:
                    self._report(f"{label(name, index)}: {domains.stranger(component, index)}", name, index)
        elif _waits_for_data(component):
            self.doubtful.add(id(component))
            if not self.case.problems:
                self._report(f"the set {name} is given no members: write set {name} := … ;", name)
        if name in self.case.doubtful:
            self.doubtful.add(id(component))
        self._attempt(name, component, partial(component.construct, taken))

    def _joins(self, component, name: str, index, member) -> bool:
        domain = None if component.is_indexed() else component.domain
        if domain is None or not self._is_known(domain) or domains.contains(domain, member):
            return True
        place = self.case.places.get((name, index, member))
        self._report(f"{label(name, index)} member {member}: {domains.outside(domain, member)}", name, index, place)
        self.doubtful.add(id(component))
        return False

    def _param(self, name: str, component) -> None:
        taken = {}
        for index, value in self.case.values.get(name, {}).items():
            place = self.case.places[name, index]
            if not self._knows(component, index):
                row = (place.file, place.line, index if place.file else (name, index))
                if row not in self.strangers:
                    reason = domains.stranger(component, index, search=len(self.strangers) < _SEARCHED)
                    self._report(f"{label(name, index)}: {reason}", name, index)
                self.strangers.add(row)
            elif self._takes(component, name, index, value):
                taken[index] = value
        if name in self.case.defaults and self._takes(component, name, DEFAULT, self.case.defaults[name]):
            component.set_default(self.case.defaults[name])
        self._attempt(name, component, partial(component.construct, taken))

    def _takes(self, component, name: str, index, value) -> bool:
        objection = domains.objection(component.domain, value) if self._is_known(component.domain) else None
        if objection:
            self._report(f"{label(name, index)} = {value}: {objection}", name, index)
        return objection is None

    def _knows(self, component, index) -> bool:
        """Whether ``index`` is one of the component's, as far as its index set is known."""
        if not component.is_indexed():
            return index is None
        return not self._is_known(component.index_set()) or domains.contains(component.index_set(), index)

    def _is_known(self, members) -> bool:
        """Whether all that a set is made of is built, and beyond doubt."""
        for part in members.subsets(expand_all_set_operators=True):
            if id(part) in self.doubtful or not part.is_constructed():
                return False
        members.parent_component().construct()  # a product of named sets has no place in the model's order
        return True

    def _attempt(self, name: str, component, build: Callable[[], None]) -> None:
        """Run the model's own code; what it raises is reported unless something before it explains it."""
        try:
            build()
        except Exception as error:  # rules and validators of a model may raise anything
            self.doubtful.add(id(component))
            if self.sound and str(error).startswith(_NO_VALUE):
                self._report_missing()
            elif self.sound and not self.found:
                self._report_failure(name, component, error)

    def _report_failure(self, name: str, component, error: Exception) -> None:
        kind, given = component.ctype.__name__, self.case.values.get(name)
        if given is None and isinstance(error, _MODEL_BUGS):
            raise ModelError(f"{kind} {name} cannot be built: {one_line(error)}") from error
        at = re.search(r", index=(.*), value=", str(error))
        index = next((index for index in given or () if at and str(index) == at[1]), None)
        if given is None:
            self._report(f"{kind} {name} cannot be built from these data: {one_line(error)}", name)
        elif "validation rule" in str(error):
            self._report(f"{label(name, index)}: the model's own rule for its values refuses this one", name, index)
        else:
            self._report(f"{label(name, index)} is refused by the model: {one_line(error)}", name, index)

    def _check(self, name: str, check) -> None:
        """Evaluate a ``BuildCheck`` at all its indices; one error names those where it fails, and what it looked at."""
        indices = check.index_set() if check.is_indexed() else [()]
        failed = [at for at in indices if not check._rule(self.instance, *(at if isinstance(at, tuple) else (at,)))]
        if not failed:
            return
        used = []  # what the rule reads, by the names in its code
        for word in check._rule.__code__.co_names:
            param = self.instance.component(word)
            if param is not None and param.ctype is pyo.Param:
                used += [(word, at) for at in ([failed[0]] if param.is_indexed() else [None]) if self._knows(param, at)]
        values = ", ".join(f"{label(*key)} = {pyo.value(self.instance.component(key[0])[key[1]])}" for key in used)
        where = f" at {domains.listed(failed)}" if check.is_indexed() else ""
        message = f"'{name.replace('_', ' ')}' does not hold{where}{': ' if values else ''}{values}"
        given = [key for key in used if key in self.case.places]
        given.sort(key=lambda key: not self.case.places[key].is_override)  # an override is what broke it
        key = [*given, *used, (name, None)][0]
        self._report(message, *key, fatal=False)

    def _report_missing(self) -> None:
        """One error for each param without default that lacks values; once, though many components stumble on it."""
        for name, param in self.instance.component_map(pyo.Param).items():
            if name in self.lacking or param.default() is not pyo.Param.NoValue or not param.is_constructed():
                continue
            if param.is_indexed() and not (param.index_set().isfinite() and self._is_known(param.index_set())):
                continue
            given = {index for index, item in param.sparse_items() if pyo.value(item, exception=False) is not None}
            missing = [index for index in param.index_set() if index not in given]
            if missing:
                self.lacking.add(name)
                places = [place for key, place in self.case.places.items() if key[0] == name]
                where = f" at {domains.listed(missing)}" if param.is_indexed() else ""
                message = f"{name} has no value{where}, and no default"
                self._report(message, name, missing[0], places[-1] if places else None, fatal=False)


def _waits_for_data(component) -> bool:
    """Whether a set has no rule of its own: Pyomo would leave it empty without a word."""
    plain = isinstance(component, pyo.Set) and not isinstance(component, SetOperator)
    return plain and not component.is_indexed() and component._init_values is None
