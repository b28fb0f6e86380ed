"""The reader's own identifiers, as the address of a documentation page gives them.

They are filled into samples that people copy into a shell, so a value is used only when every character of it is harmless
in a shell, in Python, Java and C# strings, and in JSON. Anything else is replaced by a made-up value: a link that somebody
else prepared can never plant a command in a sample.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
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
    sandbox_file: str = "var/sandbox.json"
    """Where a sandbox keeps its credentials. The server says it, never the reader; quoted where it is filled into a command."""
    own: frozenset[str] = field(default=frozenset(), compare=False)
    """Which of them the reader gave; the others are made up."""

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
            "sandbox_file": shlex.quote(self.sandbox_file),
        }

    def carried(self) -> str:
        """The query, with its question mark, that takes the reader's own values to the next page; empty if there are none."""
        given = {name: getattr(self, name) for name in _CHECKED if name in self.own}
        return "?" + urlencode(given) if given else ""


MADE_UP = Identifiers()
"""What a reader sees who gave nothing."""


def in_sandbox(base_url: str, data: Path) -> Identifiers:
    """What is filled in on a sandbox's pages: a redirect URI and a name that work there as they stand.

    The name is not the one of the client's first steps: whoever has gone through those holds a pair for it already.
    """
    return Identifiers(
        redirect_uri=f"{base_url}/docs/callback",
        common_name="bob@direct.sandbox-clinic.example",
        sandbox_file=str(_as_typed(data) / "sandbox.json"),
    )


def _as_typed(data: Path) -> Path:
    """The data folder as a terminal finds it: the usual one from the folder of the project, any other from everywhere."""
    usual = Path("var")
    return usual if data.absolute() == usual.absolute() else data.resolve()


def identifiers(query: Mapping[str, str], made_up: Identifiers = MADE_UP) -> Identifiers:
    """The reader's identifiers from a page's query, each replaced by a made-up one if it is absent or could do harm."""
    given = {name: query.get(name, "") for name in _CHECKED} | {"common_name": query.get("common_name", "").lower()}
    harmless = {name: value for name, value in given.items() if _CHECKED[name].fullmatch(value)}
    return replace(made_up, **harmless, own=frozenset(harmless))


_CHECKED = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI, "common_name": COMMON_NAME}
