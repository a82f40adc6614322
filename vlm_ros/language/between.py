"""What "between" stands before: two things, or one phrase for several."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token


def mark_among(tokens: list[Token]) -> list[Token]:
    """Without an "and" after it, "between" stands before one plural phrase: "between the cups".

    "In the middle of" then means "in".
    """
    pairs = 0
    for position in range(len(tokens) - 1, -1, -1):
        token = tokens[position]
        if token.type == "AND":
            pairs += 1
        elif token.type in {"SEP", "RATHER"}:
            pairs = 0
        elif token.type == "BETWEEN" and pairs:
            pairs -= 1
            tokens[position] = Token.new_borrow_pos("BETWEEN", "between", token)
        elif token.type == "BETWEEN" and (token == "between" or _several(tokens, position + 1)):
            tokens[position] = Token.new_borrow_pos("AMONG", "between", token)
        elif token.type == "BETWEEN":
            tokens[position] = Token.new_borrow_pos("RELATION", "in", token)
    return tokens


def _several(tokens: Sequence[Token], position: int) -> bool:
    """Whether a number above one follows: "in the middle of the two cups"."""
    following = tokens[position : position + 2]
    return any(token.type == "QUANTITY" and token not in {"0", "1"} for token in following)
