"""National Provider Identifiers (45 CFR 162.406): ten digits, of which the last checks the others."""

import re

_FORM = re.compile(r"[12][0-9]{9}")
_ISSUER = "80840"
"""What stands before a US health identifier when its check digit is computed (ISO/IEC 7812, as CMS applies it)."""


def is_npi(text: str) -> bool:
    """Whether the digits are an identifier that can have been assigned. Whether it was, a registry must say."""
    if not _FORM.fullmatch(text):
        return False
    digits = [int(one) for one in reversed(_ISSUER + text)]
    doubled = [2 * one - 9 if one > 4 else 2 * one for one in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
