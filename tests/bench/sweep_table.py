"""Sweeps: what a point costs beside its solve, with one and two workers, and on a Dask cluster, against plain loops and pools."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial

import numpy as np

import bilevel_dr as bdr
from bilevel_dr import workers
from bilevel_dr.papers import resolve_data, resolve_model
from bilevel_dr.sweeping import cluster

POINTS = 60
PAPER = "khe_2025"


def measure():
    _, file, paper = resolve_model(PAPER)
    data = resolve_data("hard_800", paper)
    targets = np.linspace(100, 1500, POINTS).tolist()
    design, one = {"target": (100, 1500, POINTS)}, partial(solved, file, data)
    one(targets[0])  # what a process imports once is no part of a point

    def swept(**options):
        with tempfile.TemporaryDirectory() as folder:
            table = bdr.sweep(file, data, design, reformulation="sos1", solver="scip", folder=folder, **options)
        assert table["certificate_passed"].all()

    plain = wall(lambda: [one(target) for target in targets])

    def row(what, seconds):
        return {
            "points": POINTS,
            "by": what,
            "wall [s]": seconds,
            "points/s": POINTS / seconds,
            "over plain [ms/point]": 1000 * (seconds - plain) / POINTS,
            "speed, plain = 1": plain / seconds,
        }

    yield row("a plain loop: load, solve", plain)
    yield row("sweep, here", wall(swept))
    for count in (1, 2):
        yield row(f"concurrent.futures, {count} fresh", wall(lambda count=count: pooled(one, targets, count)))
        yield row(f"sweep, {count} processes", wall(lambda count=count: swept(workers=count, limit=600.0)))
    with dask() as (address, client):
        yield row("distributed.Client.map, 2 workers", wall(lambda: client.gather(client.map(one, targets, pure=False))))
        yield row("sweep, Dask, 2 workers", wall(lambda: swept(scheduler=address)))
        nothing = [(k,) for k in range(300)]
        for what, door in (("processes", partial(workers.as_answered, workers=2)), ("Dask", partial(cluster.as_answered, scheduler=address))):
            began = time.perf_counter()
            times = [time.perf_counter() for _ in door(abs, nothing)]
            yield (
                f"{what}: the first of {len(nothing)} tasks that do nothing came after {times[0] - began:.2f} s, each other one "
                f"took {1000 * (times[-1] - times[0]) / (len(times) - 1):.2f} ms."
            )
    yield f"Wall: starting processes and ending them is in it, starting the Dask cluster is not. {PAPER}, SOS1 on SCIP."
    yield "A sweep also verifies from outside, journals each point on disk and survives what kills a loop."


def solved(file, data, target):
    """One point as anybody would write it; ``solve`` verifies too."""
    return bdr.solve(bdr.load(file, data, {"target": target}), "sos1", "scip").leader_objective


def pooled(one, targets, count):
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(one, targets))


def wall(action) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


@contextmanager
def dask():
    """A scheduler and two workers of one thread on loopback: the address, and a client."""
    from distributed import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    words = [["scheduler", "--port", address.rpartition(":")[2]], *[["worker", address, "--nthreads", "1", "--no-nanny"]] * 2]
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    common = ["--no-dashboard", "--host", "127.0.0.1"]
    started = [subprocess.Popen([sys.executable, "-m", "dask", *some, *common], **quiet) for some in words]
    try:
        client = Client(address, timeout=30, set_as_default=False)
        client.wait_for_workers(2, timeout=30)
        yield address, client
        with suppress(Exception):
            client.close(timeout=1)
    finally:
        for process in started:
            process.kill()
            process.wait()
