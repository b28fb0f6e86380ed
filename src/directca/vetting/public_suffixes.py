"""The Public Suffix List: names below which strangers register their own, such as `com` and `co.uk`. Nobody controls one as an
organization controls its domain, so none is claimed and none is anybody's zone.

The list comes with the package `publicsuffixlist`, pinned like every other; nothing is fetched. Its private part counts too: what
hosts let their customers have, such as `github.io`. A top-level domain that the list does not know is a suffix.
"""

import re
from functools import cache
from importlib.resources import files

from publicsuffixlist import PublicSuffixList

_DATE = re.compile(r"^// VERSION: (\d{4}-\d{2}-\d{2})", re.MULTILINE)


def is_public_suffix(domain: str) -> bool:
    """Whether a domain, in the one form in which it is kept, is a public suffix."""
    return bool(_list().publicsuffix(domain) == domain)


@cache
def date() -> str:
    """The day of the list, as it says itself."""
    found = _DATE.search(_text())
    return found[1] if found else "an unknown day"


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList(_text().encode())


def _text() -> str:
    return files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8")
