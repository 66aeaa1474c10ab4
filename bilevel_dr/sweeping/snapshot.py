"""The files that a long job rests on, as they were when it began: their hash, and copies where they are not what they were.

A sweep may last for hours and reach machines that do not see its files: every point is loaded from the same text.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cloudpickle

from ..datafile.statements import files_beside
from ..errors import DataError
from ..loading import find_model

_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("purelib", "platlib", "stdlib"))


@dataclass(frozen=True)
class Snapshot:
    """A model and its data files.

    Attributes
    ----------
    model : AbstractModel or str
        The path of its file where it was given as one.
    data : tuple of str
        Absolute paths, in the order given.
    texts : mapping of path to bytes
        Of the model's file, the data files, and what trusted ones read.
    """

    model: object
    data: tuple[str, ...]
    texts: Mapping[str, bytes]

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 by path."""
        return {path: hashlib.sha256(text).hexdigest() for path, text in self.texts.items()}

    @contextmanager
    def in_place(self) -> Iterator[tuple[object, list[str]]]:
        """Model and data to load from: the files themselves where they are what they were, copies where they are not."""
        if all(map(_has, self.texts, self.texts.values())):
            yield self.model, list(self.data)
            return
        model = _restored(self.model, self.texts[self.model]) if isinstance(self.model, str) else self.model
        with tempfile.TemporaryDirectory(prefix="bilevel_dr_") as folder:
            copies = []
            for number, path in enumerate(self.data):  # each with all that may lie beside it
                root = Path(path).parent
                for other in (Path(other) for other in self.texts if Path(other).is_relative_to(root)):
                    copy = Path(folder, str(number), other.relative_to(root))
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(self.texts[str(other)])
                copies.append(str(Path(folder, str(number), Path(path).name)))
            yield model, copies


def take_snapshot(model, data, trust_data: bool = False) -> Snapshot:
    """Read the files of a model and its data, as :func:`.load` takes them.

    Raises
    ------
    ModelError, DataError
        There is no such model, or a data file cannot be read.
    """
    find_model(model)
    paths = [] if data is None else [data] if isinstance(data, str | os.PathLike) else list(data)
    read = {str(Path(path).resolve()): str(path) for path in paths}
    data = tuple(str(Path(path).resolve()) for path in paths)
    if isinstance(model, str | os.PathLike):
        model = str(Path(model).resolve())
        read[model] = model
    else:
        model = find_model(model)
    for path in data if trust_data else ():
        read |= {other: other for other in files_beside(path)}
    texts = {}
    for path, told in read.items():
        try:
            texts[path] = Path(path).read_bytes()
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", file=told) from error
    return Snapshot(model, data, texts)


def source_hash(thing) -> str:
    """SHA-256 of the source behind a model (an object or the path of its file) or a function.

    That of the file and of the modules beside it that this one imports. What was written in a notebook or a script has no
    file of its own: it is pickled with all that it refers to.
    """
    files, parts = [thing], []
    if not isinstance(thing, str):
        shipped = cloudpickle.dumps(thing)
        files = [module.__file__ for name, module in list(sys.modules.items()) if _refers(shipped, name, module)]
        parts = [shipped] if not files or b"cloudpickle.cloudpickle" in shipped else []  # functions by value
    sources = set().union(*(_with_imports(Path(file).resolve()) for file in files))
    digests = sorted(hashlib.sha256(part).hexdigest() for part in [*parts, *(path.read_bytes() for path in sources)])
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _refers(shipped: bytes, name: str, module) -> bool:
    """Whether a pickle takes something from a module that is no library's."""
    word = name.encode()
    named = len(word) < 256 and bytes([0x8C, len(word)]) + word in shipped  # SHORT_BINUNICODE
    file = getattr(module, "__file__", None) if named and name != "__main__" else None
    return file is not None and not str(Path(file).resolve()).startswith(_LIBRARIES)


def _with_imports(file: Path) -> set[Path]:
    """A source file and those of its folder that it imports, and they, to the end."""
    found, todo = set(), [file]
    while todo:
        path = todo.pop()
        if path in found or str(path).startswith(_LIBRARIES) and path != file or not path.is_file():
            continue
        found.add(path)
        try:
            nodes = list(ast.walk(ast.parse(path.read_bytes())))
        except SyntaxError:  # whoever loads it says so
            continue
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                todo += [path.with_name(f"{part}.py") for name in names for part in name.split(".") if part.isidentifier()]
    return found


def _has(path: str, text: bytes) -> bool:
    try:
        return Path(path).read_bytes() == text
    except OSError:
        return False


@functools.lru_cache(maxsize=4)
def _restored(path: str, text: bytes):
    """The model of a file that is not here, or not the same any more."""
    with tempfile.TemporaryDirectory(prefix="bilevel_dr_") as folder:
        copy = Path(folder, Path(path).name)
        copy.write_bytes(text)
        return find_model(copy)
