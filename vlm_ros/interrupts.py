"""Ctrl-C before a program has anything to tidy up."""

from __future__ import annotations

import signal


def end_at_once() -> None:
    """Let SIGINT end the process as SIGTERM does, until somebody handles it otherwise.

    For the time a program imports what it needs: a KeyboardInterrupt that comes while Python drops
    the lock of a module is printed and forgotten, and the program goes on.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
