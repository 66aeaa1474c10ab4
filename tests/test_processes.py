"""Programs run to their end or their limit; tests/test_faults.py has what they do wrong."""

from __future__ import annotations

import sys

import pytest

import bilevel_dr as bdr
from bilevel_dr.processes import HEAD, TAIL, run, signal_name


def python(code: str, folder, limit=None):
    return run([sys.executable, "-c", code], limit, str(folder))


def test_a_program_that_ends_well_has_its_output(tmp_path):
    ended = python("import sys; print('out'); sys.stdout.flush(); print('err', file=sys.stderr)", tmp_path, 60)
    assert (ended.trouble, ended.how, ended.output) == ("", "", b"out\nerr\n")
    assert ended.last_words == "; its last words: out err"


def test_silence_has_no_last_words(tmp_path):
    assert python("", tmp_path).last_words == ""


def test_it_works_in_its_folder_with_one_thread_and_no_input(tmp_path):
    code = "import os, sys; print(os.getcwd(), os.environ['TMPDIR'], os.environ['OMP_NUM_THREADS'], len(sys.stdin.read()))"
    assert python(code, tmp_path).output.decode().split() == [str(tmp_path.resolve()), str(tmp_path), "1", "0"]


@pytest.mark.parametrize("size", [HEAD + 1, HEAD + 2 * TAIL, HEAD + 2 * TAIL + 2**17, 2**24])
def test_of_much_output_the_ends_are_kept(tmp_path, size):
    output = python(f"import sys; sys.stdout.write('a' * {HEAD} + 'b' * {size - HEAD - 1} + 'c')", tmp_path).output
    assert len(output) <= HEAD + 2 * TAIL + 100 and output[:HEAD] == b"a" * HEAD
    assert output[-1:] == b"c"
    if size <= HEAD + 2 * TAIL:
        assert len(output) == size
    else:
        left_out = int(output.split(b"[")[1].split()[0])
        kept = len(output) - len(b"\n[%d bytes left out]\n" % left_out)
        assert left_out > 0 and kept + left_out == size


def test_a_program_that_cannot_be_started_is_said(tmp_path):
    with pytest.raises(bdr.SolverFailed, match="cannot be started: No such file.*; check the path"):
        run([str(tmp_path / "nothing")], None, str(tmp_path))


def test_a_signal_without_a_name_is_its_number():
    assert (signal_name(11), signal_name(9999)) == ("SIGSEGV", "9999")
