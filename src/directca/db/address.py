"""Where the authority's records are: a SQLite file in the data folder, or a database of a PostgreSQL server."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from directca.errors import Malformed

SCHEMES = ("postgresql", "postgres")
_SECRET = frozenset(("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"))
_LIBPQ = """
    application_name channel_binding client_encoding connect_timeout dbname fallback_application_name gssdelegation gssencmode
    gsslib host hostaddr keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts
    max_protocol_version min_protocol_version oauth_client_id oauth_issuer oauth_scope options passfile port replication
    require_auth requirepeer service ssl_max_protocol_version ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl
    sslcrldir sslkey sslkeylogfile sslmode sslnegotiation sslrootcert sslsni target_session_attrs tcp_user_timeout user
"""
_PARAMETERS = frozenset(_LIBPQ.split())
"""What libpq knows, but for secrets; the tests hold it against the driver's own list, for which a server on SQLite need not load
one. A parameter that it does not know would be an error at the first connection only."""


class BadDatabaseAddress(Malformed):
    """The address of the database means nothing, or holds what does not belong into it."""

    slug = "bad_database_address"


@dataclass(frozen=True)
class PostgresAddress:
    """A database of PostgreSQL, by the parameters of libpq; no password among them."""

    parameters: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        given = dict(self.parameters)
        return f"{given.get('dbname', '')} at {given.get('host', 'the local socket')}"

    @property
    def user(self) -> str:
        """The role that it names; empty when it leaves that to the machine."""
        return dict(self.parameters).get("user", "")

    def as_role(self, role: str) -> "PostgresAddress":
        """The same database, for another role."""
        return PostgresAddress(tuple((dict(self.parameters) | {"user": role}).items()))


Address = Path | PostgresAddress


@dataclass(frozen=True)
class Standby:
    """Where a standby is, and how many seconds it may be behind before it is not asked at all."""

    address: PostgresAddress
    most_seconds: int


def read_address(text: str, data: Path) -> Address:
    """The address that a setting names: `postgresql://[user@]host[:port][,host…]/name[?option=value…]`, or a file, of which a
    relative name is taken from the data folder. Raises BadDatabaseAddress."""
    scheme, separator, _ = text.partition("://")
    if not separator:
        return data / text
    if scheme not in SCHEMES:
        raise BadDatabaseAddress(f"{scheme}:// is no database that directca knows. Give a file name, or postgresql://host/name.")
    return _postgres(text)


def _postgres(text: str) -> PostgresAddress:
    parts = urlsplit(text, allow_fragments=False)
    user, _, servers = parts.netloc.rpartition("@")
    given = _given(parts.query)
    if ":" in user or not _SECRET.isdisjoint(given):
        raise BadDatabaseAddress(
            "The address of the database holds a password. Take it out, and name a file that holds it as database_password_file."
        )
    name = unquote(parts.path.lstrip("/"))
    if not name or "/" in name:
        raise BadDatabaseAddress("The address of the database names no database. Write postgresql://host/name.")
    hosts, ports = [], []
    for server in servers.split(","):
        host, port = _host(server)
        hosts.append(host)
        ports.append(port)
    parameters = {"dbname": name}
    if any(hosts):
        parameters |= {"host": ",".join(hosts), "port": ",".join(ports)}
    if user:
        parameters["user"] = unquote(user)
    if unknown := given.keys() - _PARAMETERS:
        raise BadDatabaseAddress(f"{min(unknown)} in the address of the database is no parameter of libpq. Correct its name.")
    return PostgresAddress(tuple((parameters | given).items()))


def _given(query: str) -> dict[str, str]:
    """The parameters behind the `?`. One that says nothing is refused: without its `sslmode` a connection need not be TLS."""
    for each in query.split("&") if query else ():
        name, _, value = each.partition("=")
        if not name or not value:
            raise BadDatabaseAddress(f"{name or 'A parameter'} in the address of the database has no value. Write ?name=value.")
    return dict(parse_qsl(query))


def _host(server: str) -> tuple[str, str]:
    if server.startswith("["):
        host, _, port = server[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = server.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        raise BadDatabaseAddress(f"{server} is no server: its port is no number. Write postgresql://host:5432/name.")
    return unquote(host), port or "5432"
