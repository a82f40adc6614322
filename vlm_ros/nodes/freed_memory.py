"""Memory that this process has freed, for the others on the machine."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """Hands what is free to the system: glibc keeps it for what this process may want next.

    After a model was let go of, that is half of what the process holds (malloc_trim(3)). Does
    nothing with other C libraries.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
