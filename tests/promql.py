"""The names of metrics in an expression of PromQL, for tests that have no Prometheus: enough of its grammar, and no more."""

import re

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?(?:[smhdwy])?)|(?P<variable>\$\w+)"""
    r"""|(?P<word>[A-Za-z_:][\w:]*)|(?P<sign>==|!=|=~|!~|>=|<=|[-+*/%^(){}\[\],=<>])"""
)
_OPERATORS = {"and", "or", "unless", "offset", "bool"}
_BEFORE_LABELS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_CLOSING = {"(": ")", "{": "}", "[": "]"}


def metrics_of(expression: str) -> set[str]:
    """Every metric that an expression reads. Raises ValueError for what is no expression."""
    tokens = _tokens(expression)
    found: set[str] = set()
    opened: list[str] = []
    labels = 0  # how deep we were when a list of labels began
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else ""
        if token in _CLOSING:
            if token == "{" or (number and tokens[number - 1] in _BEFORE_LABELS):
                labels = labels or len(opened) + 1
            opened.append(_CLOSING[token])
        elif token in _CLOSING.values():
            if not opened or opened.pop() != token:
                raise ValueError(f"{token} closes nothing in {expression}")
            labels = labels if len(opened) >= labels else 0
        elif labels or not re.match(r"[A-Za-z_:]", token) or token in _OPERATORS | _BEFORE_LABELS:
            continue
        elif following != "(" and following not in _BEFORE_LABELS:
            found.add(token)
    if opened:
        raise ValueError(f"{opened[-1]} is missing in {expression}")
    return found


def _tokens(expression: str) -> list[str]:
    found, at = [], 0
    while at < len(expression):
        token = _TOKEN.match(expression, at)
        if not token:
            raise ValueError(f"{expression[at:]} is no PromQL")
        if token.lastgroup != "space":
            found.append(token[0])
        at = token.end()
    return found
