"""Where to go after signing in: a page of ours, whatever the address says.

An open redirect lends our name to somebody else's page (RFC 9700 4.11). So the value is not cleaned up but either recognized, as
a path of ours in plain characters, or dropped.
"""

import re
from urllib.parse import quote

SIGN_IN = "/sign-in"

INVITATION = "/invitation"

SIGN_UP = "/sign-up"

SIGN_UP_CODE = "/sign-up/code"

SECOND_FACTOR = "/sign-in/second-factor"

SECURITY = "/account/security"

PEOPLE = "/authority/people"

CONSOLE = "/console"

START = CONSOLE
"""Where a person arrives who came for nothing in particular."""

# One slash, then neither a second one nor a backslash, which browsers read as one (`//evil`, `/\evil`). What follows is
# limited to the characters of a path and query (RFC 3986 3.3, 3.4): no backslash, control character, space or fragment.
_OWN_PATH = re.compile(r"/(?:[A-Za-z0-9._~-](?:[A-Za-z0-9._~!$&'()*+,;=:@%-]|/(?!/))*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")
_LONGEST = 4096


def own_path(value: str | None, otherwise: str = START) -> str:
    """The value if it is a path on this server, else `otherwise`."""
    if not value or len(value) > _LONGEST or not _OWN_PATH.fullmatch(value):
        return otherwise
    path = value.partition("?")[0]
    # An encoded slash, backslash, dot or control character in the path has no honest use here.
    if "%" in path or any(part in {".", ".."} for part in path.split("/")):
        return otherwise
    return value


def sign_in_address(here: str) -> str:
    """The sign-in page that leads back to `here`, a path of ours with its query."""
    return f"{SIGN_IN}?next={quote(here, safe='')}"


def sign_in_again_address(here: str) -> str:
    """The same, for somebody who is signed in, and whose password was shown too long ago."""
    return f"{sign_in_address(here)}&again=1"


def second_factor_address(here: str) -> str:
    """The page that asks for a second factor and leads back to `here`."""
    return f"{SECOND_FACTOR}?next={quote(here, safe='')}"


def security_address(here: str) -> str:
    """The page on which somebody without a second factor adds one, and that leads on to `here`."""
    return f"{SECURITY}?next={quote(here, safe='')}"


def app_address(onwards: str) -> str:
    """The page on which an authenticator app is added, and that leads on to a page of ours."""
    return f"{SECURITY}/app?next={quote(onwards, safe='')}"


def passkey_address(onwards: str) -> str:
    """The page on which a passkey is added, and that leads on to a page of ours."""
    return f"{SECURITY}/passkey?next={quote(onwards, safe='')}"


def page_of_form(path: str) -> str:
    """The page to which a form belongs that was refused until something else is done: one that can be opened.

    Every form of the console is sent to the address of a page.
    """
    if path.startswith(f"{CONSOLE}/"):
        return own_path(path)
    return next((page for page in (SECURITY, PEOPLE) if path.startswith(page)), START)
