"""Making codes, tokens and client secrets, and the only form in which they are stored: their SHA-256.

They are machine-made with at least 128 bits of entropy, so a plain hash under a unique index is enough and quick; a slow
password hash on the token path would only give strangers a lever (RFC 9700 4.13, RFC 6749 10.10).
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable

Random = Callable[[int], bytes]


def new_code(random: Random) -> str:
    """An authorization code: 128 random bits as 32 hex digits, the form of the published API."""
    return random(16).hex()


def new_token(random: Random) -> str:
    """A token or client secret: 256 random bits, URL-safe, 43 characters."""
    return _text(random(32))


def new_id(random: Random) -> str:
    """The name of a grant or an application: 96 random bits in hex. It is no secret."""
    return random(12).hex()


def successor(token: str, seed: bytes) -> str:
    """The one refresh token that follows a consumed one.

    It is 256 bits that nobody can tell from random ones without holding both the consumed token, which the server never
    stores, and the seed, which never leaves it. So a lost answer can be given again, word for word, from a database that
    holds no token.
    """
    return _text(hmac.digest(seed, token.encode(), hashlib.sha256))


def digest(secret: str) -> str:
    """What is stored in place of a code, token or client secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def matches(presented: str, stored_digest: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(digest(presented), stored_digest)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
