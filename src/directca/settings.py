"""Settings: one TOML file in the data folder, read strictly, plus secrets from files or the environment.

Each section is a frozen dataclass with defaults; a key that no section has, or a value of another type, is an error that names
it, so that a misspelt setting is never a setting that does not apply. Relative paths are taken from the data folder.
"""

import os
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from directca.accounts import prices, quota_config
from directca.accounts.billing_config import BillingConfig
from directca.accounts.config import LimitConfig, PasswordConfig, SessionConfig
from directca.accounts.prices import PriceList
from directca.accounts.quota_config import QuotaConfig
from directca.accounts.rate_config import MOST, RateConfig
from directca.accounts.sign_up_config import SignUpConfig
from directca.api.trace_config import BadTraceEndpoint, TraceConfig, check_traces
from directca.db.address import Address, BadDatabaseAddress, PostgresAddress, Standby, read_address
from directca.errors import Malformed
from directca.journal.config import ExportConfig
from directca.journal.errors import BadExportTarget
from directca.journal.export_target import check_export
from directca.mail.config import MailConfig, check_mail
from directca.mail.errors import BadMailSettings
from directca.notices.config import NoticeConfig
from directca.oauth.config import OAuthConfig
from directca.pki import keys
from directca.pki.keys import BlockedKeys
from directca.sections import (
    IssuanceSettings,
    OAuthSettings,
    RevocationSettings,
    SandboxSettings,
    ServerSettings,
    StorageSettings,
    exposure,
)
from directca.vetting import provider_config
from directca.vetting.approval_config import ApprovalConfig, alone
from directca.vetting.config import DomainConfig, check_domains
from directca.vetting.domain_errors import BadDomainSettings
from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_errors import BadProviderSettings

FILE = "directca.toml"
_MOST_WORKERS_UNASKED = 4
_MOST_PARTITIONS = 1024
_LONGEST_DRAIN = 300
_LONGEST_WAIT_MS = 60_000
DATABASE_PASSWORD_VARIABLE = "DIRECTCA_DATABASE_PASSWORD"  # noqa: S105  (the name of a variable, not a secret)
PASSPHRASE_VARIABLE = "DIRECTCA_PASSPHRASE"  # noqa: S105  (the name of a variable, not a secret)


class BadSettings(Malformed):
    """The settings file is not TOML, or holds a key or value that means nothing."""

    slug = "bad_settings"


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, by section, and the data folder it was read from."""

    data: Path
    server: ServerSettings = field(default_factory=ServerSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    oauth: OAuthSettings = field(default_factory=OAuthSettings)
    passwords: PasswordConfig = field(default_factory=PasswordConfig)
    sessions: SessionConfig = field(default_factory=SessionConfig)
    limits: LimitConfig = field(default_factory=LimitConfig)
    rates: RateConfig = field(default_factory=RateConfig)
    quotas: QuotaConfig = field(default_factory=QuotaConfig)
    issuance: IssuanceSettings = field(default_factory=IssuanceSettings)
    journal: ExportConfig = field(default_factory=ExportConfig)
    tracing: TraceConfig = field(default_factory=TraceConfig)
    revocation: RevocationSettings = field(default_factory=RevocationSettings)
    domains: DomainConfig = field(default_factory=DomainConfig)
    mail: MailConfig = field(default_factory=MailConfig)
    approvals: ApprovalConfig = field(default_factory=ApprovalConfig)
    billing: BillingConfig = field(default_factory=BillingConfig)
    sign_up: SignUpConfig = field(default_factory=SignUpConfig)
    notices: NoticeConfig = field(default_factory=NoticeConfig)
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    prices: PriceList = prices.DEFAULT
    identity_providers: tuple[ProviderConfig, ...] = ()

    @property
    def public_url(self) -> str:
        """Scheme, host and port that clients use, without a final slash."""
        return self.server.public_url or f"http://127.0.0.1:{self.server.port}"

    @property
    def relying_party_url(self) -> str:
        """What stands before `/crl/…` and `/aia/…` in certificates, without a final slash."""
        return self.server.relying_party_url or f"http://127.0.0.1:{self.server.port}"

    @property
    def metrics_port(self) -> int:
        """The port of the metrics, on loopback."""
        return self.server.metrics_port or self.server.port + 1

    @property
    def node(self) -> str:
        """What this server is called among the nodes of its authority."""
        return self.server.node or f"{socket.gethostname()}:{self.server.port}"

    @property
    def drain_seconds(self) -> int:
        """How long this server goes on after it was asked to end: 0 for one whose records nobody else serves."""
        return self.server.drain_seconds if self.database_file is None else 0

    @property
    def workers(self) -> int:
        """How many processes answer requests."""
        return self.server.workers or min(os.cpu_count() or 1, _MOST_WORKERS_UNASKED)

    @property
    def cores_per_worker(self) -> int:
        """The share of the machine's cores that one process has."""
        return max(1, (os.cpu_count() or 1) // self.workers)

    def passwords_per_worker(self) -> PasswordConfig:
        """The password configuration of one process: its share of the places, since `passwords` counts for all together."""
        whole = self.passwords
        share = max(1, whole.at_once // self.workers)
        return replace(whole, at_once=share, waiting=whole.waiting // self.workers)

    @property
    def database(self) -> Address:
        """Where the database is."""
        return read_address(self.storage.database, self.data)

    @property
    def database_file(self) -> Path | None:
        """The database's file, if it is one."""
        return self.database if isinstance(self.database, Path) else None

    @property
    def standby(self) -> Standby | None:
        """The standby that may answer questions, if there is one."""
        if not self.storage.standby:
            return None
        address = read_address(self.storage.standby, self.data)
        if not isinstance(address, PostgresAddress) or self.database_file is not None:
            raise BadDatabaseAddress("storage.standby is a standby of a PostgreSQL server that storage.database names.")
        return Standby(address, self.storage.standby_seconds)

    @property
    def owner(self) -> PostgresAddress | None:
        """The database as the owner of its tables opens it; None where whoever serves owns them."""
        address = self.database
        owner = self.storage.database_owner
        return address.as_role(owner) if owner and isinstance(address, PostgresAddress) else None

    @property
    def keys(self) -> Path:
        """The folder of the encrypted keys."""
        return self.data / self.storage.keys

    @property
    def policy(self) -> Path:
        """The policy file."""
        return self.data / self.storage.policy

    @property
    def publish_to(self) -> Path | None:
        """The folder for lists and issuers' certificates, if there is one."""
        return self.data / self.revocation.publish_to if self.revocation.publish_to else None

    def mixed_up_with(self, folder: Path) -> Path | None:
        """What is not to be published and would be in such a folder, or have it inside; None when they are apart."""
        named = os.path.realpath(folder)  # whatever links are called
        secret = [self.data / name for name in (self.storage.passphrase_file, self.storage.database_password_file) if name]
        files = [] if self.database_file is None else [self.database_file]
        for place in (self.data, *files, self.keys, *secret):
            real = os.path.realpath(place)
            if os.path.commonpath((real, named)) in (real, named):
                return place
        return None

    def blocked_keys(self) -> BlockedKeys:
        """The keys that nobody may have certified. Raises BlocklistDamaged, and OSError when a list cannot be read."""
        weak, compromised = (
            [(name, (self.data / name).read_bytes()) for name in names]
            for names in (self.storage.weak_keys, self.storage.compromised_keys)
        )
        return keys.blocked_keys(texts=weak, compromised=compromised)

    def oauth_config(self) -> OAuthConfig:
        """The authorization server's configuration. Raises UnsafeConfiguration."""
        return OAuthConfig(
            issuer=self.public_url,
            code_seconds=self.oauth.code_seconds,
            access_seconds=self.oauth.access_seconds,
            refresh_seconds=self.oauth.refresh_seconds,
            grace_seconds=self.oauth.grace_seconds,
            step_up_seconds=self.sessions.step_up_seconds,
        )

    def passphrase(self) -> bytes:
        """What opens the key files: from the environment, else from the passphrase file. Raises BadSettings without either."""
        spoken = os.environ.get(PASSPHRASE_VARIABLE)
        if spoken:
            return spoken.encode()
        path = self.data / self.storage.passphrase_file
        try:
            return path.read_bytes().strip()
        except OSError as error:
            raise BadSettings(
                f"The passphrase of the keys is neither in {PASSPHRASE_VARIABLE} nor in {path}. Put it in one of them."
            ) from error

    def database_password(self) -> str | None:
        """What the database's server asks for: from the environment, else from its file; None where neither is named, and the
        server knows this process in another way. Raises BadSettings."""
        spoken = os.environ.get(DATABASE_PASSWORD_VARIABLE)
        if spoken or not self.storage.database_password_file:
            return spoken or None
        path = self.data / self.storage.database_password_file
        try:
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(
                f"The password of the database cannot be read from {path}. Put it there, or in {DATABASE_PASSWORD_VARIABLE}."
            ) from error


SECTIONS: Mapping[str, type[Any]] = {
    "server": ServerSettings,
    "storage": StorageSettings,
    "oauth": OAuthSettings,
    "passwords": PasswordConfig,
    "sessions": SessionConfig,
    "limits": LimitConfig,
    "rates": RateConfig,
    "quotas": QuotaConfig,
    "issuance": IssuanceSettings,
    "journal": ExportConfig,
    "tracing": TraceConfig,
    "revocation": RevocationSettings,
    "domains": DomainConfig,
    "mail": MailConfig,
    "approvals": ApprovalConfig,
    "billing": BillingConfig,
    "sign_up": SignUpConfig,
    "notices": NoticeConfig,
    "sandbox": SandboxSettings,
}
"""Every section but `prices`, which is a price list, and the tables of identity providers."""

Section = TypeVar("Section")


def load(data: Path, *, port: int | None = None, workers: int | None = None) -> Settings:
    """Read the settings of a data folder; `port` and `workers` override the file's. Raises BadSettings, which names the key."""
    path = data / FILE
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadSettings(f"{path} does not exist. Make the authority with `directca init --data {data}`.") from error
    except OSError as error:
        raise BadSettings(f"{path} cannot be read: {error.strerror}. Check the permissions of the data folder.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"{path} is not TOML: {error}. Correct it.") from error
    return read(content, data, port=port, workers=workers)


def read(content: Mapping[str, Any], data: Path, *, port: int | None = None, workers: int | None = None) -> Settings:
    """Settings from an already parsed file. Raises BadSettings."""
    for name in sorted(set(content) - set(SECTIONS) - {"prices", provider_config.SECTION}):
        raise BadSettings(f"There is no section [{name}]. Remove it or correct its name.", field=name)
    sections = {name: _section(name, kind, content.get(name, {})) for name, kind in SECTIONS.items()}
    if sections["sandbox"].enabled:
        sections["approvals"] = alone(sections["approvals"], content.get("approvals", {}))
    said = {name: value for name, value in (("port", port), ("workers", workers)) if value is not None}
    sections["server"] = replace(sections["server"], **said)
    price_list = prices.read(content["prices"]) if "prices" in content else prices.DEFAULT
    try:
        providers = provider_config.read(content.get(provider_config.SECTION, []), data)
    except BadProviderSettings as error:
        raise BadSettings(error.detail, field=error.field) from error
    settings = Settings(data=data, prices=price_list, identity_providers=providers, **sections)
    _check(settings)
    return settings


def _section(name: str, kind: type[Section], values: Any) -> Section:
    if not isinstance(values, Mapping):
        raise BadSettings(f"{name} must be a section, [{name}].", field=name)
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]  # every section is a dataclass
    for key in sorted(set(values) - set(known)):
        raise BadSettings(f"There is no setting {name}.{key}. Remove it or correct its name.", field=f"{name}.{key}")
    return kind(**{key: _value(f"{name}.{key}", known[key].default, value) for key, value in values.items()})


def _value(where: str, default: Any, value: Any) -> Any:
    """The value, if it is of the type of the setting's default."""
    if default is MISSING:
        raise BadSettings(f"{where} cannot be set.", field=where)
    if isinstance(default, tuple):
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise BadSettings(f"{where} must be a list of strings.", field=where)
        return tuple(value)
    if type(value) is not type(default):
        words = {bool: "true or false", int: "a whole number", str: "a string"}[type(default)]
        raise BadSettings(f"{where} must be {words}.", field=where)
    if type(value) is int and value < 0:
        raise BadSettings(f"{where} must not be negative.", field=where)
    return value


def _check(settings: Settings) -> None:
    server = settings.server
    if not 1 <= server.port <= 65_535 or server.metrics_port > 65_535:
        raise BadSettings("server.port must be a port, 1 to 65535.", field="server.port")
    if server.workers > 64 or not 1 <= server.threads <= 64:
        raise BadSettings("server.workers must be 0 to 64 and server.threads 1 to 64.", field="server.workers")
    if server.drain_seconds > _LONGEST_DRAIN:
        raise BadSettings(f"server.drain_seconds must be 0 to {_LONGEST_DRAIN}.", field="server.drain_seconds")
    if not 1 <= server.longest_wait_ms <= _LONGEST_WAIT_MS:
        raise BadSettings(f"server.longest_wait_ms must be 1 to {_LONGEST_WAIT_MS}.", field="server.longest_wait_ms")
    if (exposed := exposure(server, settings.public_url)) is not None:
        raise BadSettings(exposed[1], field=exposed[0])
    _check_figures(settings)
    if not 1 <= settings.revocation.partitions <= _MOST_PARTITIONS:
        raise BadSettings(f"revocation.partitions must be 1 to {_MOST_PARTITIONS}.", field="revocation.partitions")
    if settings.revocation.responder_id not in ("key", "name"):
        raise BadSettings('revocation.responder_id must be "key" or "name".', field="revocation.responder_id")
    _check_published(settings)
    parts = urlsplit(settings.relying_party_url)
    if parts.scheme != "http" or not parts.hostname or settings.relying_party_url != f"http://{parts.netloc}":
        raise BadSettings(
            "server.relying_party_url must be http://, a host and perhaps a port, without a path: "
            "certificates name it, and https could not be checked without them.",
            field="server.relying_party_url",
        )
    if settings.notices.allow_loopback and not settings.sandbox.enabled:
        raise BadSettings("notices.allow_loopback is for sandboxes: remove it.", field="notices.allow_loopback")
    settings.oauth_config()
    _check_database(settings)
    _check_watching(settings)


def _check_figures(settings: Settings) -> None:
    if (unusable := settings.rates.unusable()) is not None:
        raise BadSettings(f"rates.{unusable} must be 1 to {MOST}; 0 calls a minute is no limit.", field=f"rates.{unusable}")
    if (unusable := settings.quotas.unusable()) is not None:
        raise BadSettings(f"quotas.{unusable} must be 0 to {quota_config.MOST}; 0 is no quota.", field=f"quotas.{unusable}")
    for name in ("approvals", "billing", "sign_up", "notices"):
        if (unusable := getattr(settings, name).unusable()) is not None:
            raise BadSettings(f"{name}.{unusable} means nothing as it is. See its row in the guide.", field=f"{name}.{unusable}")


def _check_database(settings: Settings) -> None:
    try:
        address = settings.database
    except BadDatabaseAddress as error:
        raise BadSettings(error.detail, field="storage.database") from error
    if isinstance(address, Path) and settings.storage.database_password_file:
        raise BadSettings(
            "storage.database is a file and needs no password. Remove storage.database_password_file.",
            field="storage.database_password_file",
        )
    try:
        _ = settings.standby
    except BadDatabaseAddress as error:
        raise BadSettings(error.detail, field="storage.standby") from error
    owner = settings.storage.database_owner
    if owner and (isinstance(address, Path) or address.user in ("", owner)):
        raise BadSettings(
            "storage.database_owner owns the tables for another role, which storage.database must name: "
            "postgresql://ROLE@host/name. Name it, or remove storage.database_owner.",
            field="storage.database_owner",
        )


def _check_watching(settings: Settings) -> None:
    try:
        check_export(settings.journal, settings.data)
        check_traces(settings.tracing)
        check_domains(settings.domains)
        check_mail(settings.mail, settings.data)
    except (BadExportTarget, BadTraceEndpoint, BadDomainSettings, BadMailSettings) as error:
        raise BadSettings(error.detail, field=error.field) from error


def _check_published(settings: Settings) -> None:
    mixed_up = settings.publish_to and settings.mixed_up_with(settings.publish_to)
    if mixed_up:
        raise BadSettings(
            f"revocation.publish_to is for everybody to read, and {mixed_up} is for nobody: neither may be inside the other. "
            "Name a folder elsewhere, such as /srv/directca-status.",
            field="revocation.publish_to",
        )
