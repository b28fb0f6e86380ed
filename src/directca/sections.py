"""The sections of the settings file that are no room's own: how the server listens, what it keeps, how status is told."""

import ipaddress
from dataclasses import dataclass

from directca.direct.oids import Assurance
from directca.oauth.config import LOOPBACK_HOSTS


@dataclass(frozen=True)
class ServerSettings:
    """Where the authority listens and how it is reached.

    `public_url` is what clients use (empty: http://127.0.0.1 and the port). `relying_party_url` is what certificates name for
    CRLs and issuers (empty: http://127.0.0.1 and the port); it is http, since https would need a certificate to check one.
    `metrics_port` is on loopback only (0: the port after `port`). `workers` is the number of processes that answer requests (0:
    one per core, four at most), `threads` how many requests each works on at once. `trusted_proxies` are the addresses and
    networks of reverse proxies: what those say in `X-Forwarded-For` is believed, and nobody else's. `node` is what this server
    is called among those that share a database (empty: the machine's name and the port). `drain_seconds`: how
    long it goes on after SIGTERM, so that balancers hear of it; one with a SQLite file ends at once, as nobody could take over.
    Who would wait longer than `longest_wait_ms` for one of the `threads` is refused at once.
    """

    host: str = "127.0.0.1"
    port: int = 8600
    public_url: str = ""
    relying_party_url: str = ""
    metrics_port: int = 0
    workers: int = 0
    threads: int = 4
    request_seconds: int = 20
    connections: int = 1000
    trusted_proxies: tuple[str, ...] = ()
    node: str = ""
    drain_seconds: int = 2
    longest_wait_ms: int = 400


def exposure(server: ServerSettings, public_url: str) -> tuple[str, str] | None:
    """The setting at fault, and why, where the plain HTTP of this server can be reached from elsewhere, or where anybody's word
    on where a request comes from is taken; None where neither is so."""
    if server.host not in LOOPBACK_HOSTS and not public_url.startswith("https://"):
        return "server.host", (
            "server.host is reachable from other machines, and this server speaks plain HTTP. Listen on 127.0.0.1, or put a "
            "proxy with TLS before it and set server.public_url to its https address."
        )
    for proxy in server.trusted_proxies:
        try:
            network = ipaddress.ip_network(proxy)
        except ValueError:
            network = None
        if network is None or network.prefixlen == 0:
            return "server.trusted_proxies", (
                f"server.trusted_proxies must be addresses or networks of your proxies, such as 127.0.0.1; {proxy!r} is none."
            )
    return None


@dataclass(frozen=True)
class StorageSettings:
    """What the authority keeps: the database, a file or `postgresql://host/name` with its password in a file; the folder of
    encrypted keys, the passphrase that opens them, the policy, and lists of keys that nobody may have certified.

    `database_owner` is the role of a PostgreSQL server that owns the tables, if it is another than the one that serves (empty:
    one role does everything). `standby` is a hot standby of that server which may answer the query (empty: none), unless it is
    `standby_seconds` behind."""

    database: str = "directca.sqlite"
    database_password_file: str = ""
    database_owner: str = ""
    standby: str = ""
    standby_seconds: int = 30
    keys: str = "keys"
    passphrase_file: str = "secrets/key-passphrase"  # noqa: S105  (a path, not a secret)
    policy: str = "policy.toml"
    weak_keys: tuple[str, ...] = ()
    compromised_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class OAuthSettings:
    """Lifetimes of codes and tokens, in seconds."""

    code_seconds: int = 60
    access_seconds: int = 3600
    refresh_seconds: int = 90 * 86_400
    grace_seconds: int = 10


@dataclass(frozen=True)
class IssuanceSettings:
    """The level of assurance that certificates assert, and after how many seconds an unfinished intent counts as abandoned."""

    assurance: str = Assurance.LOA3.value
    abandoned_after_seconds: int = 60


@dataclass(frozen=True)
class RevocationSettings:
    """How status is told. `responder_id` is how an OCSP answer names its responder: by its `key` or by its `name`.
    `partitions` is among how many lists certificates are shared out by their serial numbers (1: all name the full list).
    `publish_to` is a folder, for nginx or a CDN, into which lists and issuers' certificates are written (empty: none).
    `verify_minutes` is how often everything that certificates name is looked at as strangers do (0: never)."""

    responder_id: str = "key"
    partitions: int = 1
    publish_to: str = ""
    verify_minutes: int = 60


@dataclass(frozen=True)
class SandboxSettings:
    """Whether this is a sandbox: made-up accounts with known credentials, and names that say SANDBOX."""

    enabled: bool = False
