"""Torch's compiler and Mesa's renderer each bring an LLVM; only in this order do they get along."""

import contextlib
import importlib

with contextlib.suppress(ImportError):
    importlib.import_module("triton")
