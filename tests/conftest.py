"""What every test relies on."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts its background jobs with Ctrl-C ignored, and processes inherit that; the tests that press it need it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
