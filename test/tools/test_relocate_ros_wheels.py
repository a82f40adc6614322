from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from tools.relocate_ros_wheels import numpy_include, relocate


@pytest.mark.parametrize(
    "build_python",
    ["/opt/python/cp310-cp310", "/opt/python/cp312-cp312", "/opt/_internal/cpython-3.11.10"],
)
def test_both_include_folders_are_rewritten_once(tmp_path: Path, build_python: str) -> None:
    file = tmp_path / "share" / "std_msgs" / "cmake" / "export.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(
        "set_target_properties(a PROPERTIES\n"
        f'  INTERFACE_INCLUDE_DIRECTORIES "{build_python}/include/python3.11;'
        f'{build_python}/lib/python3.11/site-packages/numpy/_core/include;/usr/include")\n'
    )
    assert relocate(tmp_path) == 1
    python = sysconfig.get_path("include")
    assert f'DIRECTORIES "{python};{numpy_include()};/usr/include"' in file.read_text()
    assert relocate(tmp_path) == 0


def test_numpys_headers_are_where_it_says() -> None:
    assert Path(numpy_include(), "numpy", "arrayobject.h").is_file()
