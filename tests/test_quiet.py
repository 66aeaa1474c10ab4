"""Nothing that a solver writes reaches standard output, and standard output survives."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(code: str) -> subprocess.CompletedProcess:
    """In a process of its own, its standard output a pipe, as a caller of ``--json`` has it."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin", "HOME": str(ROOT)},
    )  # fmt: skip


def test_compiled_and_python_output_is_swallowed_and_comes_back():
    done = run("""
        import ctypes, os, sys
        from bilevel_dr.quiet import no_output
        libc = ctypes.CDLL(None)
        print("before", flush=True)
        with no_output():
            os.write(1, b"from a system call\\n")
            libc.puts(b"from the C library")
        os.write(1, b"after\\n")
        print("end")
    """)
    assert done.stdout == "before\nafter\nend\n" and done.stderr == ""


def test_output_comes_back_after_an_exception_and_when_nested():
    done = run("""
        import os
        from bilevel_dr.quiet import no_output
        try:
            with no_output(), no_output():
                os.write(1, b"lost")
                raise ValueError
        except ValueError:
            os.write(1, b"found")
        print(len(os.listdir("/proc/self/fd")) < 10)
    """)
    assert done.stdout == "foundTrue\n" and done.stderr == ""


def test_threads_do_not_lose_standard_output():
    done = run("""
        import os, threading, time
        from bilevel_dr.quiet import no_output
        first_in, second_in = threading.Event(), threading.Event()
        def first():
            with no_output():
                first_in.set()
                second_in.wait(5)
        def second():
            first_in.wait(5)
            with no_output():
                second_in.set()
                time.sleep(0.2)
                os.write(1, b"lost")
        threads = [threading.Thread(target=f) for f in (first, second)]
        for t in threads: t.start()
        for t in threads: t.join()
        os.write(1, b"kept")
    """)
    assert done.stdout == "kept" and done.stderr == ""


def test_no_call_writes_on_standard_output_or_error():
    done = run("""
        from bilevel_dr import solve, verify
        from builders import tracking
        from pyomo.environ import Constraint
        solve(tracking())
        for route in (("scholtes", "casadi-ipopt"), ("scholtes", "uno"), ("big_m", "highs"), ("strong_duality", "scip")):
            solve(tracking(), *route, starts=1)
        verify(tracking(), {"x": 2.5, "f.y": 2.5})
        m = tracking()
        m.x.setlb(3)
        m.f.y.setub(2)
        solve(m)  # no harm
        m.coupling = Constraint(expr=m.x + m.f.y <= 1)
        solve(m)  # nothing feasible: warnings are likeliest here
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
