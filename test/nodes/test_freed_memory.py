from __future__ import annotations

import ctypes
import os
import platform

import pytest

from vlm_ros.evaluation.vitals import vitals_of
from vlm_ros.nodes import freed_memory

_BLOCK = 64 << 10
_BLOCKS = 2000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_what_is_free_goes_back_to_the_system() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    blocks = [libc.malloc(_BLOCK) for _ in range(_BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, _BLOCK)
    # The last one stays in use, so that the heap cannot simply become shorter.
    *freed, last = blocks
    for block in freed:
        libc.free(block)
    before = vitals_of(os.getpid()).own_mb
    freed_memory.give_back()
    after = vitals_of(os.getpid()).own_mb
    libc.free(last)
    assert before - after > 0.8 * _BLOCK * _BLOCKS / 2**20
