"""Point the CMake files of the ROS 2 wheels at this environment's Python and NumPy.

The wheels carry the include folders of the machine that built them, and CMake stops at folders
that do not exist. Standard library only; safe to run again.

Usage: `.venv/bin/python tools/relocate_ros_wheels.py`
"""

from __future__ import annotations

import importlib.util
import re
import sys
import sysconfig
from pathlib import Path

# The build machine's Pythons: /opt/python/cp311-cp311 is a link to /opt/_internal/cpython-3.11.10.
BUILD_PYTHON = r"/opt/(?:python/cp3\d+-cp3\d+|_internal/cpython-3[.\d]+)"
NUMPY_INCLUDE = re.compile(BUILD_PYTHON + r"/lib/python3\.\d+/site-packages/numpy/_?core/include")
PYTHON_INCLUDE = re.compile(BUILD_PYTHON + r"/include/python3\.\d+")


def numpy_include() -> str:
    """Return NumPy's header folder, found without the time it takes to import NumPy."""
    spec = importlib.util.find_spec("numpy")
    if spec is None or spec.origin is None:
        raise SystemExit("NumPy is not installed in this environment; run `make setup`.")
    package = Path(spec.origin).parent
    return str(next(p for p in (package / "_core/include", package / "core/include") if p.is_dir()))


def relocate(prefix: Path) -> int:
    """Rewrite the files under `prefix`/share and return how many changed."""
    numpy, python = numpy_include(), sysconfig.get_path("include")
    changed = 0
    for file in sorted(prefix.glob("share/**/*.cmake")):
        before = file.read_text(encoding="utf-8")
        after = PYTHON_INCLUDE.sub(python, NUMPY_INCLUDE.sub(numpy, before))
        if after != before:
            file.write_text(after, encoding="utf-8")
            changed += 1
    return changed


if __name__ == "__main__":
    print(f"{relocate(Path(sys.prefix))} CMake files of the ROS 2 wheels now name this Python.")
