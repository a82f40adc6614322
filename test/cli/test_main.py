from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import vlm_ros
from vlm_ros.cli import main

ROOT = Path(vlm_ros.__file__).parents[1]
MODULES = sorted(
    file.stem
    for file in Path(vlm_ros.__file__).parent.joinpath("cli").glob("*.py")
    if file.stem != "__init__"
)


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_help_lists_every_command_with_a_sentence() -> None:
    result = CliRunner().invoke(main, ["--help"], terminal_width=100)
    assert result.exit_code == 0
    listed = result.output.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == MODULES
    assert all(line.endswith(".") and len(line.split()) > 2 for line in listed), listed


def test_help_imports_nothing_heavy() -> None:
    result = run_python(
        "import sys\n"
        "from vlm_ros.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'cv2', 'mujoco', 'numpy', 'onnxruntime', 'rclpy', 'torch', 'transformers'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", MODULES)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: main {name}")


def test_commands_import_neither_torch_nor_ros_for_help() -> None:
    result = run_python(
        "import sys\n"
        "from vlm_ros.cli import main\n"
        f"for name in {MODULES!r}:\n"
        "    main([name, '--help'], standalone_mode=False)\n"
        "late = {'mujoco', 'rclpy', 'torch', 'transformers'} & set(sys.modules)\n"
        "sys.exit(str(late) if late else 0)"
    )
    assert result.returncode == 0, result.stderr


def test_version() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.output == f"vlm-ros, version {vlm_ros.__version__}\n"


def test_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["grund"])
    assert result.exit_code == 2
    assert "No such command 'grund'" in result.output


def test_an_error_of_the_package_is_its_sentence_and_exit_code_2() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "vlm_ros", "parse", "of of of"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ("mujoco", "'.[sim]'"),
        ("torch", "'.[train]'"),
        ("rclpy.node", "source your ROS 2 installation"),
        ("vlm_ros.msg", "make build"),
    ],
)
def test_a_missing_package_says_what_to_install(module: str, sentence: str) -> None:
    result = run_python(
        "import click, sys, types\n"
        "from vlm_ros.cli import main\n"
        f"sys.modules[{module!r}] = None\n"
        "@click.command()\n"
        f"def command(): import {module}\n"
        "sys.modules['vlm_ros.cli.parse'] = types.SimpleNamespace(command=command)\n"
        "main(['parse'])"
    )
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_module_of_ours_that_is_missing_is_a_bug_and_shows_its_traceback() -> None:
    result = run_python(
        "import click, sys, types\n"
        "from vlm_ros.cli import main\n"
        "@click.command()\n"
        "def command(): import vlm_ros.no_such_module\n"
        "sys.modules['vlm_ros.cli.parse'] = types.SimpleNamespace(command=command)\n"
        "main(['parse'])"
    )
    assert result.returncode == 1
    assert "Traceback" in result.stderr
