"""A webhook of the account: a server of ours that keeps what the authority sends to it, whichever node sends it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from faults.load import authorize
from tests.live import ApiClient, SandboxAccount
from tests.webhook_receiver import Received, Receiver, receiver


@dataclass(frozen=True)
class Hook:
    """The webhook's secret, and what arrived so far."""

    secret: str
    there: Receiver = field(repr=False)

    @property
    def arrived(self) -> tuple[Received, ...]:
        """Every message about an event, in the order of arrival."""
        return tuple(self.there.events)


@contextlib.contextmanager
def a_hook(account: SandboxAccount) -> Iterator[Hook]:
    """Register a webhook for everything that happens to an account, before anything is hurt."""
    with receiver() as there:
        with ApiClient(account.base_url, authorize(account).raise_for_status().json()["access_token"]) as api:
            made = api("POST", "/api/webhook/", json={"url": there.url}).raise_for_status().json()
            api("POST", f"/api/webhook/{made['id']}/verify").raise_for_status()
        yield Hook(made["secret"], there)
