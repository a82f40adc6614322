"""The package's several lists of the same facts agree, and both ways to install it are complete."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import vlm_ros

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = sorted(ROOT.glob("requirements/*.txt"))
ROS_PACKAGES = {
    "action_msgs",
    "ament_index_python",
    "builtin_interfaces",
    "diagnostic_msgs",
    "geometry_msgs",
    "launch",
    "launch_ros",
    "lifecycle_msgs",
    "rcl_interfaces",
    "rclpy",
    "sensor_msgs",
    "std_msgs",
    "tf2_ros",
    "unique_identifier_msgs",
    "vision_msgs",
    "visualization_msgs",
}
# The ROS package where the import package is not named as it is.
ROS_NAMES = {"tf2_ros": "tf2_ros_py"}
# The import package where it is not named as the distribution is.
DISTRIBUTIONS = {"cuda": "cuda-bindings", "cv2": "opencv-python-headless", "yaml": "PyYAML"}


def package_xml() -> ElementTree.Element:
    return ElementTree.parse(ROOT / "package.xml").getroot()


def requirements(file: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def pins(file: Path) -> dict[str, Requirement]:
    """What is installed for this Python, by name."""
    found = [r for r in requirements(file) if r.marker is None or r.marker.evaluate()]
    assert len({r.name for r in found}) == len(found), f"{file} names a package twice"
    return {canonicalize_name(r.name): r for r in found}


def imports(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every absolute import of the sources below `folder`: (file, top package)."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                yield file, node.module.partition(".")[0]


def test_one_version() -> None:
    assert package_xml().findtext("version") == vlm_ros.__version__


def test_package_xml_declares_what_is_imported_and_no_more() -> None:
    declared = {d.text for d in package_xml() if d.tag in ("depend", "exec_depend")}
    folders = (ROOT / "vlm_ros", ROOT / "launch")
    used = {top for folder in folders for _, top in imports(folder)} & ROS_PACKAGES
    used = {ROS_NAMES.get(top, top) for top in used}
    generated = {"action_msgs"}  # imported by the action's generated code
    known = {ROS_NAMES.get(top, top) for top in ROS_PACKAGES}
    assert declared & known == used | generated


def test_only_the_nodes_import_ros() -> None:
    nodes = ROOT / "vlm_ros" / "nodes"
    offenders = {
        str(file.relative_to(ROOT))
        for file, top in imports(ROOT / "vlm_ros")
        if top in ROS_PACKAGES and nodes not in file.parents
    }
    assert not offenders


def test_every_import_is_a_declared_dependency() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8").partition("[project.scripts]")[0]
    declared = {
        canonicalize_name(Requirement(text).name)
        for text in re.findall(r'"([A-Za-z][\w\[\],.-]*(?:[<>=]=?[\d.]+)?)"', pyproject)
    }
    own = set(sys.stdlib_module_names) | ROS_PACKAGES | {"vlm_ros"}
    used = {top for _, top in imports(ROOT / "vlm_ros") if top not in own}
    missing = {
        top for top in used if canonicalize_name(DISTRIBUTIONS.get(top, top)) not in declared
    }
    assert not missing


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.stem)
def test_requirements_are_pinned_exactly_and_name_no_host(file: Path) -> None:
    for requirement in requirements(file):
        assert requirement.url is None, requirement
        assert [s.operator for s in requirement.specifier] == ["=="], requirement
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", file.read_text("utf-8"))


def test_requirement_files_agree_with_each_other() -> None:
    versions: dict[str, set[str]] = {}
    for file in REQUIREMENTS:
        if file.stem != "numpy-1":
            for name, requirement in pins(file).items():
                versions.setdefault(name, set()).add(str(requirement.specifier))
    assert {name: v for name, v in versions.items() if len(v) > 1} == {}


def test_pins_are_within_the_ranges_that_pip_is_told() -> None:
    pinned = {}
    for stem in ("runtime", "numpy-2", "sim", "hub", "tensorrt-rtx", "train", "torch"):
        pinned.update(pins(ROOT / "requirements" / f"{stem}.txt"))
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    ranges = [Requirement(r) for r in re.findall(r'"([\w-]+>=[\d.]+)"', text)]
    ranges = [r for r in ranges if r.name not in ("setuptools",)]
    assert len(ranges) >= 8
    for wanted in ranges:
        specifier = str(pinned[canonicalize_name(wanted.name)].specifier)
        assert wanted.specifier.contains(specifier.removeprefix("==")), wanted


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel that `pip install .` makes, built in a copy so that the tree stays clean."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("vlm_ros", "models"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy)
    build = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    return zipfile.ZipFile(next(copy.glob("dist/*.whl")))


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    ours = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "vlm_ros").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert ours <= set(wheel.namelist())


def test_the_wheel_brings_the_models_to_share(wheel: zipfile.ZipFile) -> None:
    data = f"vlm_ros-{vlm_ros.__version__}.data/data/share/vlm_ros"
    models = [file for file in (ROOT / "models").rglob("*") if file.is_file()]
    assert {f"{data}/{file.relative_to(ROOT)}" for file in models} <= set(wheel.namelist())


def test_the_wheel_has_the_command(wheel: zipfile.ZipFile) -> None:
    entry_points = wheel.read(f"vlm_ros-{vlm_ros.__version__}.dist-info/entry_points.txt")
    assert b"vlm-ros = vlm_ros.cli:main" in entry_points


@pytest.fixture(scope="module")
def install() -> Path:
    """Where colcon put the package."""
    pytest.importorskip("rclpy", reason="needs ROS 2: run `make test`")
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    found = [p for p in prefixes if Path(p, "share/vlm_ros/package.xml").is_file()]
    if not found:
        pytest.skip("the package is not built: run `make test`")
    return Path(found[0])


def test_colcon_installs_a_package_that_needs_no_source_tree(install: Path, tmp_path: Path) -> None:
    paths = [p for p in os.environ["PYTHONPATH"].split(os.pathsep) if Path(p) != ROOT]
    code = (
        "import vlm_ros.language, vlm_ros.nodes\n"
        "from vlm_ros.msg import Target\n"
        "from vlm_ros.srv import GroundImage\n"
        "from vlm_ros.action import Ground\n"
        "print(vlm_ros.__file__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).is_relative_to(install)


def test_colcon_installs_every_node_as_a_program(install: Path) -> None:
    nodes = {file.stem for file in (ROOT / "vlm_ros" / "nodes").glob("*_node.py")}
    programs = {p.name for p in (install / "lib" / "vlm_ros").iterdir() if os.access(p, os.X_OK)}
    assert nodes
    assert nodes == programs


def test_colcon_installs_what_users_edit_and_launch(install: Path) -> None:
    for folder in ("config", "launch", "models"):
        files = [f for f in (ROOT / folder).rglob("*") if f.is_file() and f.suffix != ".pyc"]
        missing = [
            f for f in files if not (install / "share/vlm_ros" / f.relative_to(ROOT)).is_file()
        ]
        assert not missing


@pytest.mark.skipif(shutil.which("ros2") is not None, reason="an installed ROS 2 brings its own")
def test_no_gpl_on_the_run_time_path() -> None:
    files = ("runtime", "numpy-2", "sim", "ros-kilted")
    names = {name for stem in files for name in pins(ROOT / "requirements" / f"{stem}.txt")}
    for name in names:
        metadata = importlib.metadata.metadata(name)
        fields = ("License-Expression", "License", "Classifier")
        texts = [text for field in fields for text in metadata.get_all(field, [])]
        licence = " ".join(text.partition("\n")[0] for text in texts)
        assert not re.search(r"\bA?GPL|Affero", licence), (name, licence)
