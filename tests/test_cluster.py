"""A Dask cluster answers the same points with the same results: a real scheduler and real workers on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from test_sweeping import MODEL, builders, call, gone, journalled, plain

import bilevel_dr as bdr
from bilevel_dr.sweeping import cluster

distributed = pytest.importorskip("distributed", reason="clusters need the extra dask")
posix = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for under /proc")


@pytest.fixture
def toy(tmp_path, monkeypatch):
    (tmp_path / "toy.py").write_text(MODEL)
    (tmp_path / "toy.dat").write_text("param least := 1;\n")
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("TOY_SECONDS", "0.3")
    return [str(tmp_path / "toy.py"), str(tmp_path / "toy.dat")]


@pytest.fixture
def dask(tmp_path, toy):
    """The address of a scheduler, and two workers of one thread each; all are killed at the end."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    started, logs = [], open(tmp_path / "dask.log", "w")

    def start(*words):
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard", "--host", "127.0.0.1"]
        started.append(subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=logs, stderr=logs))
        return started[-1]

    start("scheduler", "--port", address.rpartition(":")[2])
    workers = [start("worker", address, "--nthreads", "1", "--no-nanny") for _ in range(2)]
    yield address, workers
    for process in started:
        process.kill()
        process.wait()
    logs.close()


@posix
def test_a_worker_that_is_killed_in_mid_sweep_costs_no_point(toy, dask, tmp_path, monkeypatch):
    """Nor does a solver that crashes cost the Dask worker: it costs its point, here ``least=0.5``."""
    crash = "return m.x >= m.least if m.least != 0.5 else os.kill(os.getpid(), 9)"
    Path(toy[0]).write_text(MODEL.replace("return m.x >= m.least", crash))
    monkeypatch.setattr(cluster, "PATIENCE", 60.0)  # on a busy machine a scheduler takes its time to start
    address, workers = dask
    found = {}

    def run():
        found["table"] = bdr.sweep(*toy, {"least": (0, 5.5, 12)}, folder=tmp_path / "s", scheduler=address, keep=["x"])

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + 90
    while len(journalled(tmp_path / "s")) < 3:
        assert time.monotonic() < until and thread.is_alive()
        time.sleep(0.02)
    workers[0].kill()
    workers[0].wait()
    left = len(journalled(tmp_path / "s"))
    thread.join(90)
    assert left < 11 and not thread.is_alive()
    table = found["table"]
    assert table["certificate_passed"].tolist() == [True, False, *[True] * 10] and table.attrs["solved"] == 12
    assert "killed by signal SIGKILL" in table["reason"][1] and workers[1].poll() is None
    assert sorted(point["least"] for point in journalled(tmp_path / "s")) == [k / 2 for k in range(12)]
    here = bdr.sweep(*toy, {"least": (0, 5.5, 12)}, keep=["x"], workers=2)
    pd.testing.assert_frame_equal(plain(table), plain(here))
    again = bdr.sweep(*toy, {"least": (0, 5.5, 12)}, folder=tmp_path / "s", keep=["x"])  # the same journal
    assert again.attrs["resumed"] == 12
    assert gone(builders(tmp_path / "log") - {os.getpid()})  # no process of ours is left with the Dask workers


def test_a_missing_package_or_scheduler_is_one_line(toy, tmp_path, monkeypatch):
    arguments = [*toy, "--grid", "least=1", "--out", tmp_path / "s", "--scheduler", "tcp://127.0.0.1:9"]
    monkeypatch.setattr(cluster, "PATIENCE", 0.3)
    result = call(*arguments)
    assert result.exit_code == 2 and "no Dask scheduler answers there; start it with 'dask scheduler'" in result.stderr
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = call(*arguments)
    assert result.exit_code == 6 and "needs Dask, which is not installed: python -m pip install 'bilevel_dr[dask]'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_thread_s_process_is_kept_while_points_come_and_ended_when_idle(monkeypatch):
    import cloudpickle

    monkeypatch.setattr(cluster, "IDLE", 0.3)
    packed = cloudpickle.dumps(lambda x: (x, os.getpid()))
    (_, (one, first)), (_, (two, second)) = (cluster.answer((k,), packed, None) for k in (1, 2))
    assert (one, two) == (1, 2) and first == second
    until = time.monotonic() + 20
    while not cluster._members[threading.get_ident()].over:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert cluster.answer((3,), packed, None)[1][1] != first
    other = cloudpickle.dumps(lambda x: -x)
    assert cluster.answer((3,), other, None) == (True, -3)
    cluster.release()
    assert cluster._members == {}
