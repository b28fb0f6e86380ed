"""`sandbox.json`: what a script needs to use the sandbox, and the only copy of its secrets.

The database holds hashes alone, so the file is written whole or not at all, readable by its owner only, before anybody is told.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

FILE = "sandbox.json"
_SECOND = "second"


@dataclass(frozen=True)
class AccountFacts:
    """How to use one sandbox account. The last two are PEM: the trust anchor, and the chain from the issuing CA up to it."""

    base_url: str
    client_id: str
    client_secret: str
    redirect_uri: str
    username: str
    password: str
    direct_domain: str
    organization: str
    root_pem: str
    chain_pem: str


@dataclass(frozen=True)
class SandboxFacts:
    """The two sandbox accounts, which have nothing to do with one another."""

    first: AccountFacts
    second: AccountFacts

    def served_at(self, base_url: str) -> Self:
        """The same facts at another address."""
        return replace(self, first=replace(self.first, base_url=base_url), second=replace(self.second, base_url=base_url))


def read(data: Path) -> SandboxFacts | None:
    """The facts of an earlier start; None if there are none that can be used."""
    try:
        content = json.loads((data / FILE).read_text("utf-8"))
        return SandboxFacts(_account(content), _account(content[_SECOND]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write(data: Path, facts: SandboxFacts) -> None:
    """Put the facts in their file, atomically, with mode 0600."""
    content = asdict(facts.first) | {_SECOND: asdict(facts.second)}
    temporary = data / f".{FILE}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(data / FILE)
    finally:
        temporary.unlink(missing_ok=True)


def _account(content: Any) -> AccountFacts:
    values = {name: content[name] for name in AccountFacts.__dataclass_fields__}
    if not all(isinstance(value, str) and value for value in values.values()):
        raise ValueError("a fact is missing")
    return AccountFacts(**values)
