"""Amounts of money as operators write them."""

import re

from directca.cli.errors import BadOption

_DOLLARS = re.compile(r"[0-9]{1,30}(?:\.[0-9]{2})?")


def cents(dollars: str) -> int:
    """The amount in cents. Digits alone, and two more behind a point: what can be read in two ways is not booked at all."""
    if not _DOLLARS.fullmatch(dollars):
        raise BadOption(
            f"{dollars!r} is not an amount of dollars and cents. Write digits only, as in 125 or 1250.00.", field="dollars"
        )
    whole, _, rest = dollars.partition(".")
    return int(whole) * 100 + int(rest or "0")
