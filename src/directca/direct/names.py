"""Direct addresses and Direct domains: the two kinds of name that a certificate can be bound to.

`parse` is the only way in. What it yields is lower case, ASCII, and equal to what stands in the certificate's
commonName and subjectAltName, so that two names are the same if and only if their values are equal.

The grammar is narrower than that of e-mail, where more would be ambiguous in a certificate, an address or a query:

* Domains are letter-digit-hyphen labels (RFC 1123 2.1), at least two, without a trailing dot; the last one is
  alphabetic, as every ASCII top-level domain is, which also keeps out each notation of IP addresses.
* Internationalized names are refused, as U-labels and as A-labels (`xn--`). A reader cannot tell a Cyrillic "а" from a
  Latin "a", and the vetting of an organization's domain rests on a person reading it. The other reserved labels, `??--`
  (RFC 5890 2.3.1), have no meaning yet and may get one.
* Local parts are dot-atoms (RFC 5321 4.1.2) without quoting. `*` is kept out since it is the query's wildcard and no
  certificate is for many mailboxes; `/` is kept out since a name is one segment of the API's paths.
* A name has at most 64 characters, since commonName holds no more (RFC 5280 appendix A, ub-common-name).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NoReturn

from directca.direct.errors import BadDirectName

MAXIMUM_LENGTH: Final = 64
_LOCAL_PART_MAXIMUM: Final = 64
_ADDRESS_MAXIMUM: Final = 254
_DOMAIN_MAXIMUM: Final = 253

_ATOM: Final = r"[a-z0-9!#$%&'+\-=?^_`{|}~]+"
_LOCAL_PART: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOP_LEVEL: Final = re.compile(r"[a-z]{1,63}")
_DOTTED_NUMBERS: Final = re.compile(r"[0-9.]+|\[.*")


class Kind(StrEnum):
    """What a certificate is bound to."""

    ADDRESS = "address"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class DirectName:
    """A Direct address or a Direct domain, in the one form in which it is compared, stored and certified."""

    value: str
    kind: Kind
    domain: str
    local_part: str | None

    def __str__(self) -> str:
        return self.value


def parse(text: str, *, field: str | None = None) -> DirectName:
    """Read a name in any letter case.

    Raises BadDirectName, which says what to change; `field` is the input that it blames.
    """
    try:
        return _parse(text)
    except BadDirectName as error:
        error.field = field
        raise


def domain_covers(claimed_domain: str, name: DirectName) -> bool:
    """Whether control of `claimed_domain` covers `name`: only that very domain, never a domain below or above it."""
    return claimed_domain == name.domain


@lru_cache(maxsize=1024)
def _parse(text: str) -> DirectName:
    _check_characters(text)
    # Only now: lower-casing turns some non-ASCII letters (U+212A KELVIN SIGN) into ASCII ones.
    value = text.lower()
    local_part, at, domain = value.rpartition("@")
    if at:
        _check_local_part(local_part)
    _check_domain(domain)
    _check_length(value)
    return DirectName(
        value=value,
        kind=Kind.ADDRESS if at else Kind.DOMAIN,
        domain=domain,
        local_part=local_part if at else None,
    )


def _check_characters(text: str) -> None:
    if not text:
        _refuse("The name is empty. Give a Direct address (name@domain) or a Direct domain.")
    if not text.isascii():
        _refuse(
            "The name holds characters outside ASCII. Internationalized names are not certified, "
            "since letters of different scripts look alike; use the ASCII name of the domain's owner."
        )
    if not text.isprintable() or " " in text:
        _refuse("The name holds a space or a control character. Remove it.")
    if "*" in text:
        _refuse("The name holds a wildcard. A certificate is for exactly one address or one domain.")
    if len(text) > _ADDRESS_MAXIMUM:
        _refuse(f"The name is longer than {MAXIMUM_LENGTH} characters, the most a certificate's commonName can hold.")


def _check_local_part(local_part: str) -> None:
    if not local_part:
        _refuse("Nothing stands before the @. Give name@domain, or the domain alone.")
    if len(local_part) > _LOCAL_PART_MAXIMUM:
        _refuse(f"The part before the @ is longer than {_LOCAL_PART_MAXIMUM} characters.")
    if '"' in local_part or "\\" in local_part:
        _refuse("The part before the @ is quoted. Only unquoted local parts are certified.")
    if not _LOCAL_PART.fullmatch(local_part):
        _refuse(
            "The part before the @ is not a plain local part: letters, digits and !#$%&'+-=?^_`{|}~, "
            "with single dots between them, but not at either end."
        )


def _check_domain(domain: str) -> None:
    if _DOTTED_NUMBERS.fullmatch(domain):
        _refuse("An IP address is not a Direct domain. Give the domain's name.")
    if len(domain) > _DOMAIN_MAXIMUM:
        _refuse(f"The domain is longer than {_DOMAIN_MAXIMUM} characters.")
    if domain.endswith("."):
        _refuse("The domain ends with a dot. Remove it.")
    labels = domain.split(".")
    if len(labels) < 2:
        _refuse("The domain has only one label. Give the full domain, such as direct.example.org.")
    for label in labels:
        _check_label(label)
    if not _TOP_LEVEL.fullmatch(labels[-1]):
        _refuse("The last label of the domain is not alphabetic, so it is no top-level domain.")


def _check_label(label: str) -> None:
    if not _LABEL.fullmatch(label):
        _refuse(
            "A label of the domain is empty, too long, or not made of letters, digits and inner hyphens "
            "(1 to 63 characters between the dots)."
        )
    if label.startswith("xn--"):
        _refuse(
            "The domain has an internationalized label (xn--). Such names are not certified, "
            "since letters of different scripts look alike."
        )
    if label[2:4] == "--":
        _refuse("A label of the domain has hyphens in its third and fourth place, a form reserved by RFC 5890.")


def _check_length(value: str) -> None:
    if len(value) > MAXIMUM_LENGTH:
        _refuse(f"The name has {len(value)} characters; a certificate's commonName holds at most {MAXIMUM_LENGTH} (RFC 5280).")


def _refuse(detail: str) -> NoReturn:
    raise BadDirectName(detail)
