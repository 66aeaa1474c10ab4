"""A model and its data → an instance, ready to solve; or one :class:`DataError` that says where and what to change.

The .dat files are read by :mod:`bilevel_dr.datafile`, which keeps the line of every value; Pyomo's ``create_instance``
then builds the model. Where it fails, the same data are checked value by value to say why.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

import pyomo.environ as pyo

from .datafile import checking, domains
from .datafile.case import CaseData, label
from .datafile.values import read_case
from .errors import DataError, ModelError, one_line
from .overrides import apply_overrides

_imported: dict[Path, tuple[bytes, ModuleType]] = {}  # model files, with the text each was imported from


def load(model, data=None, overrides: Mapping | None = None, trust_data: bool = False) -> pyo.ConcreteModel:
    """Build an instance of a model from its data.

    Parameters
    ----------
    model : AbstractModel, module or path
        An AbstractModel; a module that has one under the name ``model``; the path of a ``.py`` file that has one under
        that name, or only one. A file is imported again only when its text changed. A ConcreteModel is cloned, takes no
        ``data``, and overrides of its mutable params only.
    data : path or list of paths, optional
        ``.dat`` files in Pyomo's syntax, UTF-8, at most 32 MB each. Later files add to earlier ones: what two of them
        give, a set or the value of one index, is an error that names both places (to change a value, use
        ``overrides``). ``None`` for a model whose data all have defaults.
    overrides : dict, optional
        Values that replace those of the files: ``{"target": 900, "baseline": {3: 90}, "baseline[4]": 80}``; a set takes
        the list of its members.
    trust_data : bool
        Let a file ``include`` others, and ``load`` ``.csv``, ``.tab`` and SQLite tables (one SELECT), all inside the
        folder of the file named in ``data``. Refused otherwise.

    Returns
    -------
    ConcreteModel

    Raises
    ------
    DataError
        The first of what :func:`check_data` lists.
    ModelError
        If there is no such model, its file fails, or it cannot be built for a reason of its own.

    Notes
    -----
    One value without an index, ``param alpha := 2;`` or an override ``{"alpha": 2}``, stands at every index of a param that
    has a default in the model. NaN is refused everywhere. Infinity is refused unless the param's domain names it, as
    ``within=pyo.NonNegativeReals | {float("inf")}`` does; ``inf`` and ``Infinity`` in a file then mean the number.

    Examples
    --------
    >>> import bilevel_dr as bdr, pyomo.environ as pyo
    >>> model = pyo.AbstractModel()
    >>> model.demand = pyo.Param(within=pyo.NonNegativeReals)
    >>> bdr.load(model, overrides={"demand": 3}).demand.value
    3
    """
    instance, problems = _attempt(model, data, overrides, trust_data)
    if problems:
        raise problems[0]
    return instance


def check_data(model, data=None, overrides: Mapping | None = None, trust_data: bool = False) -> list[DataError]:
    """Everything wrong with the data of a model, file by file in the order of its lines; an empty list if nothing is.

    Parameters are those of :func:`load`. While a file has errors, missing values and failed checks are not looked for:
    they might be consequences. A :class:`ModelError` is raised as in :func:`load`.
    """
    return _attempt(model, data, overrides, trust_data)[1]


def find_model(model):
    """The Pyomo model that ``model``, an object, a module or a path, stands for.

    Raises
    ------
    ModelError
        If there is none, or more than one and none is named ``model``.
    """
    if isinstance(model, pyo.AbstractModel | pyo.ConcreteModel):
        return model
    if isinstance(model, ModuleType):
        return _only_model(vars(model), model.__name__)
    if not isinstance(model, str | os.PathLike):
        raise ModelError(f"give an AbstractModel, a module or the path of a .py file, not {type(model).__name__}")
    path = Path(model)
    if not path.is_file() or path.suffix != ".py":
        siblings = [entry.name for entry in path.parent.glob("*.py")] if path.parent.is_dir() else []
        near = get_close_matches(path.name, siblings, n=1)
        if path.is_dir():
            reason = "is a folder: give the .py file in it"
        elif path.exists():
            reason = "is no .py file"
        else:
            reason = "no such file" + (f"; the nearest name is {near[0]}" if near else "")
        raise ModelError(f"{model}: {reason}")
    return _only_model(vars(_import(path)), str(model))


def _only_model(names: Mapping, where: str) -> pyo.AbstractModel:
    models = {name: value for name, value in names.items() if isinstance(value, pyo.AbstractModel)}
    if "model" in models:
        return models["model"]
    if len({id(value) for value in models.values()}) != 1:
        count = f"{len(models)} AbstractModels ({', '.join(models)})" if models else "no AbstractModel"
        raise ModelError(f"{where}: holds {count}: name the one to load 'model'")
    return next(iter(models.values()))


def _import(path: Path) -> ModuleType:
    """Run a model file, once for each text it has had; Python's own cache would miss an edit within a second."""
    key = path.resolve()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if key in _imported and _imported[key][0] == source:
        return _imported[key][1]
    module = ModuleType(f"bilevel_dr_model_{path.stem}_{zlib.crc32(str(key).encode()):08x}")
    module.__file__ = str(key)
    sys.modules[module.__name__] = module  # where pickle and dataclasses look for what the file defines
    try:
        with _quiet_pyomo():
            exec(compile(source, str(key), "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:  # somebody's file: anything may come out of it
        del sys.modules[module.__name__]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(key)]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        raise ModelError(f"{path}{f':{line}' if line else ''}: cannot be imported: {one_line(error)}") from error
    _imported[key] = source, module
    return module


def _attempt(model, data, overrides, trust_data) -> tuple[pyo.ConcreteModel | None, list[DataError]]:
    """The instance, or what keeps it from being built."""
    found = find_model(model)
    paths = [] if data is None else [data] if isinstance(data, str | os.PathLike) else list(data)
    names = checking.names_of(found)
    if found.is_constructed():
        return _changed_clone(found, paths, names, overrides)
    with _quiet_pyomo():
        case = read_case(paths, names, found, trust_data)
    apply_overrides(case, names, overrides)
    cause = None
    if checking.settle(found, case) and not case.problems:
        portal = pyo.DataPortal(data_dict={None: case.values})
        portal._default = dict(case.defaults)  # what Pyomo's own reader fills; there is no public way in
        try:
            with _quiet_pyomo():
                instance = found.create_instance(portal)
            if not checking.lacks_values(instance):
                return instance, []
        except Exception as error:  # Pyomo and the model's own rules raise anything; what it was is found out below
            cause = error
    with _quiet_pyomo(logging.DEBUG):
        problems = checking.problems(found, case)
    if not problems:
        reason = one_line(cause) if cause else "an expression uses a param that has no value"
        problems.append(DataError(f"the model cannot be built from these data: {reason}", file=case.file))
    return None, problems


def _changed_clone(model, paths, names, overrides) -> tuple[pyo.ConcreteModel | None, list[DataError]]:
    """A copy of a model that is built already, with its mutable params set anew."""
    case = CaseData(files=[str(path) for path in paths])
    if paths:
        case.problems.append(DataError("a ConcreteModel holds its data already: load an AbstractModel", file=case.file))
    apply_overrides(case, names, overrides)
    clone = model.clone()
    for name, value in case.defaults.items():
        case.values[name] = dict.fromkeys(clone.component(name).index_set(), value)
    for name, values in case.values.items():
        component = clone.component(name)
        for index, value in values.items():
            if name in names.sets or not component.mutable:
                reason = "is fixed in a built model: declare it mutable=True, or load the AbstractModel"
            elif index not in component.index_set():
                reason = domains.stranger(component, index)
            else:
                reason = domains.objection(component.domain, value)
            if reason:
                parameter = label(name, index)
                case.problems.append(DataError(f"override {parameter}: {reason}", parameter=parameter))
            else:
                component[index] = value
    return (None if case.problems else clone), case.problems


@contextmanager
def _quiet_pyomo(level: int = logging.ERROR) -> Iterator[None]:
    """Keep what Pyomo logs from ``level`` on, in this thread, from being shown: the error raised says it all."""
    thread = threading.get_ident()

    def is_wanted(record: logging.LogRecord) -> bool:
        return record.thread != thread or record.levelno < level or not record.name.startswith("pyomo")

    handlers = [*logging.getLogger("pyomo").handlers, *logging.getLogger().handlers]
    for handler in handlers:
        handler.addFilter(is_wanted)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(is_wanted)
