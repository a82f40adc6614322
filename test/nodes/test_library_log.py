"""What the library says while a model is loaded reaches the log of the node."""

from __future__ import annotations

import logging

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: run `make test`")

from vlm_ros.nodes.library_log import logged_by


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def info(self, line: str) -> None:
        self.lines.append(("info", line))

    def warning(self, line: str) -> None:
        self.lines.append(("warning", line))


def test_information_and_warnings_go_to_the_node_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = Log()
    library = logging.getLogger("vlm_ros.runtimes.engine_choice")
    # Loggers that are made after the import of `launch`, as other tests do, keep to themselves.
    monkeypatch.setattr(library, "propagate", True)
    with logged_by(log):
        library.debug("a detail")
        library.info("%s runs in ONNX Runtime", "vision.onnx")
        library.warning("without a CUDA graph")
    library.info("later")
    assert log.lines == [
        ("info", "vision.onnx runs in ONNX Runtime"),
        ("warning", "without a CUDA graph"),
    ]
