"""From the text of a command to its structure."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from lark import Lark, Token, UnexpectedToken

from vlm_ros.errors import CommandError
from vlm_ros.language.command import Command
from vlm_ros.language.interpretation import interpret
from vlm_ros.language.lexer import ListedTokens, classify
from vlm_ros.language.lexicon import lexicon
from vlm_ros.language.rewriting import plain
from vlm_ros.language.spelling import mended
from vlm_ros.language.syntax import TREE_BUILDER, StepNode
from vlm_ros.language.words import split_words

# What to say was expected, by a terminal of the grammar that was possible; the first wins.
_EXPECTATIONS = {
    "WORD": 'the name of a thing, such as "the red cup"',
    "AND": '"and" and a second thing',
    "RELATION": 'a relation, such as "left of the plate"',
    "SEP": "the end of the step",
}


def parse_command(text: str) -> Command:
    """Reads a command or a referring expression.

    Args:
        text: for example "pick up the red cup left of the plate" or "the largest box".

    Returns:
        The command; the same text always gives the same one.

    Raises:
        CommandError: there is no thing in it, or it cannot be read; the message says where and
            what was expected.
    """
    known = lexicon()
    words, corrections = mended(split_words(text), known)
    tokens = classify(plain(words, known), text)
    try:
        nodes: list[StepNode] = _grammar().parse(tokens)  # type: ignore[assignment]
    except UnexpectedToken as error:
        raise _explained(error, tokens, text) from None
    return Command(text, interpret(nodes, text, known), corrections)


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    grammar = (files(__package__) / "grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer=ListedTokens, transformer=TREE_BUILDER)


def _explained(error: UnexpectedToken, tokens: list[Token], text: str) -> CommandError:
    last = tokens[-1]
    at_end = error.token.type == "$END"
    position = (last.end_pos if at_end else error.token.start_pos) or 0
    expected = next(
        (words for terminal, words in _EXPECTATIONS.items() if terminal in error.expected),
        "something else",
    )
    if at_end and last.type == "VERB":
        said = text[last.start_pos : last.end_pos]
        message = f'"{said}" says what to do but not with what; expected {expected}'
    elif at_end:
        said = text[last.start_pos : last.end_pos]
        message = f'the command ends after "{said}"; expected {expected}'
    else:
        said = text[error.token.start_pos : error.token.end_pos]
        message = f'"{said}" cannot stand here; expected {expected}'
    return CommandError(f"{message} (position {position})", text, position)
