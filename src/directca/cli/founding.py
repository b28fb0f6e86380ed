"""`directca init`: a data folder with settings, policy, keys, database and a new certificate authority."""

import os
import secrets
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from directca import rooms
from directca.certificates import authorities
from directca.cli import present
from directca.cli.commands import Common, alone, command
from directca.cli.context import operator
from directca.cli.errors import BadOption, FoundingRefused, folder_unusable
from directca.clock import SystemClock, whole_second
from directca.desk import is_blank, open_records
from directca.issuance.found import ISSUING, ROOT, FoundingPlan, Keys, found
from directca.oauth.config import LOOPBACK_HOSTS
from directca.pki import countries, profiles
from directca.pki.lints.errors import LintFailed
from directca.pki.templates import Subject
from directca.settings import FILE, BadSettings, Settings, load

_PASSPHRASE_BYTES = 32

_SETTINGS = """\
# Settings of this authority. Every setting, its meaning and its default: /docs/operator in the running product.
# Unknown keys are errors. `directca config check` reads this file without starting anything.

[server]
host = "127.0.0.1"
port = {port}
# What clients use, and what certificates name for CRLs and issuers. Empty: this machine's loopback address and the port.
public_url = ""
relying_party_url = ""

[sandbox]
enabled = {sandbox}
"""

_ADDED = "# Added by the first start of a sandbox.\n"

app = alone()


@dataclass(frozen=True)
class Names:
    """What the certificates of the authority say about itself."""

    organization: str
    root: str
    issuing: str
    country: str = "US"


SANDBOX_NAMES = Names("directca SANDBOX", "directca SANDBOX Root CA", "directca SANDBOX Issuing CA")


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOptions(Common):
    """Options of `init`."""

    organization: Annotated[str, typer.Option(help="Name of the organization that runs the authority.")]
    country: Annotated[str, typer.Option(help="Its country, two capital letters (ISO 3166-1).")] = "US"
    root_name: Annotated[str, typer.Option(help="commonName of the root; default: the organization's name and Root CA.")] = ""
    issuing_name: Annotated[str, typer.Option(help="commonName of the issuing CA.")] = ""


def init(options: InitOptions) -> None:
    """Make a new certificate authority in an empty data folder; settings that are there already are kept."""
    organization = options.organization
    if not countries.is_assigned(options.country):
        raise BadOption(countries.WANTED, field="country")
    names = Names(
        organization=organization,
        root=options.root_name or f"{organization} Direct Root CA",
        issuing=options.issuing_name or f"{organization} Direct Issuing CA",
        country=options.country,
    )
    if (options.data / FILE).exists() and load(options.data).sandbox.enabled and unfinished(options.data):
        # Its made-up accounts, whose credentials lie in a file, would be let into an authority that is meant seriously.
        raise BadSettings(
            f"{options.data / FILE} says enabled = true under [sandbox]. Remove that, or start a sandbox with `directca serve`.",
            field="sandbox.enabled",
        )
    make(options.data, names, sandbox=False, port=None)
    data = {"data": str(options.data), "root": names.root, "issuing": names.issuing}
    next_step = "Next: directca serve"
    if not load(options.data).server.public_url:
        next_step = f"Set public_url in {options.data / FILE}, then: directca serve"
    human = f"Made {names.root} and {names.issuing} in {options.data}. {next_step}"
    present.emit(data, as_json=options.as_json, human=human)


command(app, "init", InitOptions, init)


def make(data: Path, names: Names, *, sandbox: bool, port: int | None) -> None:
    """Fill a data folder and found the authority in it.

    What an interrupted earlier attempt left is used, not made again: a key file that exists is loaded, and the register is
    written last. Settings that somebody wrote before are kept; for a sandbox, what they do not say is added below them.
    Raises AlreadyFounded, FolderUnusable, FoundingRefused.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sandbox and (data / FILE).exists():
            _complete(data / FILE, port or 8600)
        _write_once(data / FILE, _settings(port or 8600, sandbox=sandbox).encode())
        settings = load(data, port=port)
        for file in (settings.policy, settings.database_file):
            if file is not None:
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(settings.policy, _policy(sandbox=sandbox))
        secret = data / settings.storage.passphrase_file
        secret.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(secret, secrets.token_urlsafe(_PASSPHRASE_BYTES).encode() + b"\n")
        settings.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        _found(settings, names)
    except LintFailed as error:
        raise FoundingRefused(
            f"The authority's own checks refuse its certificates: {error}. Correct server.relying_party_url in {data / FILE}, "
            f"or the policy in {settings.policy}, and give the command again."
        ) from error
    except OSError as error:
        raise folder_unusable(data, error) from error


def _settings(port: int, *, sandbox: bool) -> str:
    """The settings of a folder that has none."""
    return _SETTINGS.format(port=port, sandbox="true" if sandbox else "false")


def unfinished(data: Path) -> bool:
    """Whether a sandbox is to be made here: the folder has no authority yet, and nothing says that it is to have another one.

    It is empty, or holds only settings that somebody wrote before and that fit a sandbox, or a first start was interrupted
    before the CA was registered.
    """
    if not (data / FILE).exists():
        return True
    settings = load(data)
    if "sandbox" not in _said(data / FILE):
        if not (is_blank(settings) and _stays_here(settings)):
            return False
        if settings.database_file is not None:
            return True
        # An authority on the database's server is one that this folder is to be a further node of.
    elif not settings.sandbox.enabled:
        return False
    file = settings.database_file
    if file is not None and (not file.exists() or file.stat().st_size == 0):
        return True
    database = open_records(settings)
    try:
        with database.read() as tx:
            return not authorities.known(tx)
    finally:
        database.close()


def _stays_here(settings: Settings) -> bool:
    """Whether the addresses are this machine's. Whoever names others means an authority, not a sandbox, and forgot `init`."""
    named = (settings.server.host, urlsplit(settings.public_url).hostname, urlsplit(settings.relying_party_url).hostname)
    return all(host in LOOPBACK_HOSTS for host in named)


def _said(path: Path) -> dict[str, Any]:
    """The sections that a settings file, which was read before, holds itself."""
    return tomllib.loads(path.read_text("utf-8"))


def _complete(path: Path, port: int) -> None:
    """Add to somebody's settings the sections that a sandbox needs and that they do not have. What they say stays untouched."""
    said = _said(path)
    wanted = {"server": f"[server]\nport = {port}\n", "sandbox": "[sandbox]\nenabled = true\n"}
    added = [text for name, text in wanted.items() if name not in said]
    if not added:
        return
    # One write at the end of the file itself: it keeps its owner and mode, and may be a link into a folder under version control.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, ("\n\n" + _ADDED + "\n".join(added)).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _found(settings: Settings, names: Names) -> None:
    database = open_records(settings)
    try:
        if settings.database_file is not None:
            settings.database_file.chmod(0o600)
        policy = profiles.load(settings.policy.read_bytes())
        plan = FoundingPlan(
            root=Subject(names.country, None, None, names.organization, (), names.root),
            issuing=Subject(names.country, None, None, names.organization, (), names.issuing),
            root_years=20,
            issuing_years=10,
            root_addresses=rooms.addresses(settings, ROOT),
            at=whole_second(SystemClock().now()),
            actor=operator(),
        )
        root, issuing = (rooms.authority_key(settings, f"{name}.pem") for name in (ROOT, ISSUING))
        found(database, plan, Keys(root, issuing, f"{ROOT}.pem", f"{ISSUING}.pem"), policy, secrets.token_bytes)
    finally:
        database.close()


def _policy(*, sandbox: bool) -> bytes:
    """The shipped policy; a sandbox may name this machine in its certificates, and its version says so."""
    shipped = profiles.shipped_file()
    if not sandbox:
        return shipped
    version = profiles.shipped().version
    text = shipped.decode()
    text = text.replace(f'version = "{version}"', f'version = "{version}-sandbox"', 1)
    return text.replace("development = false", "development = true", 1).encode()


def _write_once(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, unless it is there: whole or not at all."""
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
