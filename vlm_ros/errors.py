"""Errors a user can act on: each message says what was wrong, where, and what to do."""


class VlmRosError(Exception):
    """Base of every error this package raises on purpose."""


class CommandError(VlmRosError):
    """A command text that cannot be read.

    Attributes:
        text: the command as given.
        position: 0-based character offset in `text` where reading stopped.
    """

    def __init__(self, message: str, text: str, position: int) -> None:
        super().__init__(message)
        self.text = text
        self.position = position


class HubError(VlmRosError):
    """A checkpoint that cannot be had from the hub, or not be kept here."""


class ImageError(VlmRosError):
    """An image that cannot be decoded or has no pixels."""


class ModelError(VlmRosError):
    """A model folder that is missing, incomplete or inconsistent with its graphs."""


class RuntimeUnavailableError(VlmRosError):
    """A runtime that was asked for by name but cannot run on this machine."""


class SceneError(VlmRosError):
    """A description of a scene that cannot be read."""


class SimulationError(VlmRosError):
    """The simulator cannot render here, or was asked for an impossible scene."""


class EngineError(VlmRosError):
    """An engine that cannot be built, read or trusted."""
