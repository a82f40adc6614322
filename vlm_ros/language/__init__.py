"""Commands and referring expressions: text in, `Command` out."""

from vlm_ros.language.command import Command, Correction, Phrase, Relation, Selector, Step
from vlm_ros.language.parser import parse_command

__all__ = ["Command", "Correction", "Phrase", "Relation", "Selector", "Step", "parse_command"]
