"""What came to /docs/callback with the browser: shown to an integrator who has no listener yet, and never kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from directca.web.docs.samples import answers, fill

_CODE = re.compile(r"[0-9a-f]{32}")
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Callback:
    """The parameters of an authorization answer (RFC 6749 4.1.2, RFC 9207), cut to a length that fits on a page."""

    code: str
    state: str
    iss: str
    error: str
    error_description: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Callback":
        """From the query of the address; whatever else it carries is left out."""
        return cls(**{name: query.get(name, "")[:_LONGEST] for name in cls.__slots__})

    def command(self, base_url: str) -> str | None:
        """The command that redeems the code, or None.

        None unless the code has the form of this server's codes and the answer says that it is this server's: a foreign page may
        link here with anything, and what it sends must neither reach a shell nor be redeemed (RFC 9207 2.4).
        """
        if self.error or self.iss != base_url or not _CODE.fullmatch(self.code):
            return None
        return fill(answers()["redeem"], {"base_url": base_url, "code": self.code})
