"""E-mail addresses at which people are reached, as far as this server writes to them."""

import re

from directca.accounts.people_errors import BadEmail

LONGEST = 64
"""An address is its owner's user name as well."""

# Of RFC 5321's addresses those that every server takes and nobody mistakes: nothing here can end a header, or begin another one.
_LOCAL = r"[a-z0-9](?:[a-z0-9_+-]|\.(?!\.))*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ADDRESS = re.compile(rf"{_LOCAL}(?<!\.)@(?:{_LABEL}\.)+[a-z][a-z0-9-]*[a-z0-9]")


def parse(text: str, *, field: str = "email") -> str:
    """The address in its one spelling, in lower case. Raises BadEmail."""
    address = text.strip().lower()
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address):
        raise BadEmail(
            f"Give an e-mail address such as maria@clinic.example, of letters, digits, . _ + -, at most {LONGEST} characters.",
            field=field,
        )
    return address
