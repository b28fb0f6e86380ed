"""The reader's own identifiers, as the address of a documentation page gives them.

They are filled into samples that people copy into a shell, so a value is used only when every character of it is harmless
in a shell, in Python, Java and C# strings, and in JSON. Anything else is replaced by a made-up value: a link that somebody
else prepared can never plant a command in a sample.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
REDIRECT_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?&=%+@,-]{1,1024}")
COMMON_NAME = re.compile(r"(?:[a-z0-9._+-]{1,64}@)?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What the samples of a page are filled with; every value is harmless wherever it is pasted."""

    client_id: str = "your-client-id"
    redirect_uri: str = "https://callback.example.org/"
    common_name: str = "alice@direct.example.org"

    @property
    def direct_domain(self) -> str:
        """The domain of the common name."""
        return self.common_name.rpartition("@")[2]

    def fills(self, base_url: str) -> dict[str, str]:
        """Each placeholder of the samples with its value."""
        return {
            "base_url": base_url,
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "redirect_uri_encoded": quote(self.redirect_uri, safe=""),
            "common_name": self.common_name,
            "direct_domain": self.direct_domain,
        }

    def carried(self) -> str:
        """The query, with its question mark, that takes the reader's own values to the next page; empty if there are none."""
        made_up = Identifiers()
        own = {name: getattr(self, name) for name in ("client_id", "redirect_uri", "common_name")}
        own = {name: value for name, value in own.items() if value != getattr(made_up, name)}
        return "?" + urlencode(own) if own else ""


def identifiers(query: Mapping[str, str]) -> Identifiers:
    """The reader's identifiers from a page's query, each replaced by a made-up one if it is absent or could do harm."""
    made_up = Identifiers()
    return Identifiers(
        client_id=_harmless(CLIENT_ID, query.get("client_id"), made_up.client_id),
        redirect_uri=_harmless(REDIRECT_URI, query.get("redirect_uri"), made_up.redirect_uri),
        common_name=_harmless(COMMON_NAME, query.get("common_name", "").lower(), made_up.common_name),
    )


def _harmless(pattern: re.Pattern[str], value: str | None, made_up: str) -> str:
    return value if value and pattern.fullmatch(value) else made_up
