"""Proof Key for Code Exchange (RFC 7636), method S256 only."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

METHODS = ("S256",)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str) -> bool:
    """Is this an S256 challenge: base64url of 32 bytes without padding (RFC 7636 4.2)?"""
    return _CHALLENGE.fullmatch(text) is not None


def is_verifier(text: str) -> bool:
    """Is this a code verifier: 43 to 128 unreserved characters (RFC 7636 4.1)?"""
    return _VERIFIER.fullmatch(text) is not None


def challenge(verifier: str) -> str:
    """BASE64URL(SHA256(ASCII(code_verifier))) of RFC 7636 4.2."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def proves(verifier: str, expected_challenge: str) -> bool:
    """Does the verifier belong to the challenge (RFC 7636 4.6)? Compared in constant time."""
    return is_verifier(verifier) and hmac.compare_digest(challenge(verifier), expected_challenge)
