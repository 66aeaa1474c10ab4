"""The same door as :mod:`bilevel_dr.workers` on many machines: a Dask cluster hands out the points.

Each thread of a Dask worker keeps one of our own worker processes: a solver that crashes, or hangs, costs its point and not the
Dask worker, whose heartbeat no compiled code holds up either. A point whose Dask worker dies is handed out again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from ..errors import ModelError, SolverFailed, SolverMissing
from ..workers import Worker, end, shipped

PATIENCE, IDLE = 10.0, 30.0
"""Seconds in which a scheduler and its first worker must be found; after which an idle process of ours ends."""
_members: dict[int, Worker] = {}
"""In a Dask worker: its processes of ours, by thread."""


def as_answered(
    function: Callable, points: Sequence[Sequence], scheduler: str, limit: float | None = None
) -> Iterator[tuple[int, bool, object]]:
    """Each point as soon as it is answered: its number, whether it succeeded, the answer or the exception.

    Close the iterator where it is left before its end: then nothing is left running on the cluster.

    Parameters
    ----------
    function, points, limit
        As :func:`.workers.as_answered` takes them.
    scheduler : str
        Its address, ``tcp://host:8786``.

    Raises
    ------
    SolverMissing
        Dask is not installed, here or where its workers are.
    ModelError
        No scheduler answers at that address, or it has no workers.
    SolverFailed
        The scheduler is gone.
    """
    if not points:
        return
    packed = shipped(function)
    client, as_completed, killed = _connected(scheduler)
    try:
        futures = client.map(answer, points, packed=packed, limit=limit, pure=False)
        numbers = {future.key: number for number, future in enumerate(futures)}
        for future in as_completed(futures, loop=client.loop):
            if future.status in ("cancelled", "lost"):
                raise SolverFailed(f"scheduler={scheduler!r}: it is gone; start it again and resume")
            problem = future.exception()
            if isinstance(problem, killed):
                problem = SolverFailed(f"every Dask worker that tried it died: {problem}")
            yield numbers[future.key], *(future.result() if problem is None else (False, problem))
    finally:
        with suppress(Exception):  # the cluster may be gone, and what led here is what matters
            client.cancel(futures)
            client.run(release)
        client.close(timeout=1)


def answer(point: Sequence, packed: bytes, limit: float | None) -> tuple[bool, object]:
    """In a Dask worker: ask this thread's process."""
    thread = threading.get_ident()
    member = _members.get(thread)
    if member is not None:
        member.idle.cancel()
        member.idle.join()
    if member is None or member.over or (member.shipped, member.limit) != (packed, limit):
        if member is not None:
            member.close()
        member = _members[thread] = Worker(packed, limit)
    found = member.ask(point)
    member.idle = threading.Timer(IDLE, member.close)
    member.idle.daemon = True
    member.idle.start()
    return found


def release() -> None:
    """In a Dask worker: end its processes, whatever they are doing."""
    end(list(_members.values()))
    _members.clear()


def _connected(scheduler: str):
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError as error:
        remedy = "python -m pip install 'bilevel_dr[dask]'"
        raise SolverMissing(f"scheduler={scheduler!r} needs Dask, which is not installed: {remedy}") from error
    start = f"start it with 'dask scheduler', and on each machine 'dask worker {scheduler} --nthreads 1'"
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise ModelError(f"scheduler={scheduler!r}: no Dask scheduler answers there; {start}") from error
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
        client.run(release)
    except TimeoutError as error:
        client.close(timeout=1)
        raise ModelError(f"scheduler={scheduler!r}: it has no worker; {start}") from error
    except ImportError as error:
        client.close(timeout=1)
        remedy = "install the same version where its workers run"
        raise SolverMissing(f"scheduler={scheduler!r}: bilevel_dr is not installed there ({error}): {remedy}") from error
    return client, as_completed, KilledWorker
