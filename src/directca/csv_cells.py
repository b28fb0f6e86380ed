"""What a cell of a CSV file (RFC 4180) is, so that a person's table keeps it as it is.

What somebody wrote into a name must not become a command on an auditor's machine, and a number that is a name, such as a
digest of nothing but digits, must not be rounded.
"""

import re

_FORMULA = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
"""How a formula begins, behind what a table skips."""
_FORMULA_WITHIN = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@＝＋－＠])")
"""The same where a table that parts cells by semicolons or tabs would begin another one."""
_NUMBER = re.compile(r"[\s$€£¥(]*[0-9][0-9\s.,:/'-]*(?:[eE][+-]?[0-9]+)?[\s%)]*")
"""A number, an amount, a day or a time to any table."""


def text_cell(text: str) -> str:
    """The text as a cell that every table reads as text: before what would be a formula or a number stands an apostrophe."""
    if _FORMULA.match(text) or _NUMBER.fullmatch(text):
        return f"'{text}"
    return _FORMULA_WITHIN.sub(r"\1'", text)
