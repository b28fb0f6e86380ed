"""`directca init`: a data folder with settings, policy, keys, database and a new certificate authority."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from directca import app
from directca.certificates import authorities
from directca.cli import present
from directca.cli.commands import Common
from directca.cli.context import operator
from directca.cli.errors import FolderUnusable
from directca.clock import SystemClock, whole_second
from directca.db import migrate
from directca.db.engine import Database
from directca.issuance.found import ISSUING, ROOT, FoundingPlan, Keys, found
from directca.pki import profiles
from directca.pki.templates import Subject
from directca.settings import FILE, Settings, load

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
    country: Annotated[str, typer.Option(help="Its country, two letters.")] = "US"
    root_name: Annotated[str, typer.Option(help="commonName of the root; default: the organization's name and Root CA.")] = ""
    issuing_name: Annotated[str, typer.Option(help="commonName of the issuing CA.")] = ""


def init(options: InitOptions) -> None:
    """Make a new certificate authority in an empty data folder."""
    organization = options.organization
    names = Names(
        organization=organization,
        root=options.root_name or f"{organization} Direct Root CA",
        issuing=options.issuing_name or f"{organization} Direct Issuing CA",
        country=options.country,
    )
    make(options.data, names, sandbox=False, port=None)
    data = {"data": str(options.data), "root": names.root, "issuing": names.issuing}
    human = (
        f"Made {names.root} and {names.issuing} in {options.data}. Set public_url in {options.data / FILE}, then: directca serve"
    )
    present.emit(data, as_json=options.as_json, human=human)


def make(data: Path, names: Names, *, sandbox: bool, port: int | None) -> None:
    """Fill a data folder and found the authority in it.

    What an interrupted earlier attempt left is used, not made again: a key file that exists is loaded, and the register is
    written last. Raises AlreadyFounded, FolderUnusable.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(data / FILE, _SETTINGS.format(port=port or 8600, sandbox="true" if sandbox else "false").encode())
        settings = load(data, port=port)
        _write_once(settings.policy, _policy(sandbox=sandbox))
        secret = data / settings.storage.passphrase_file
        secret.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(secret, secrets.token_urlsafe(_PASSPHRASE_BYTES).encode() + b"\n")
        settings.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        _found(settings, names)
    except OSError as error:
        raise FolderUnusable(
            f"The folder {data} cannot be written: {error.strerror}. Give another with --data, or correct its permissions."
        ) from error


def unfinished(data: Path) -> bool:
    """Whether the folder has no authority yet: it is empty, or a first start was interrupted before the CA was registered."""
    if not (data / FILE).exists():
        return True
    settings = load(data)
    if not settings.sandbox.enabled or (settings.database.exists() and settings.database.stat().st_size == 0):
        return settings.sandbox.enabled
    if not settings.database.exists():
        return True
    database = Database(settings.database)
    try:
        migrate.upgrade(database)
        with database.read() as tx:
            return not authorities.known(tx)
    finally:
        database.close()


def _found(settings: Settings, names: Names) -> None:
    database = Database(settings.database)
    try:
        migrate.upgrade(database)
        settings.database.chmod(0o600)
        policy = profiles.load(settings.policy.read_bytes())
        plan = FoundingPlan(
            root=Subject(names.country, None, None, names.organization, (), names.root),
            issuing=Subject(names.country, None, None, names.organization, (), names.issuing),
            root_years=20,
            issuing_years=10,
            root_addresses=app.addresses(settings, ROOT),
            at=whole_second(SystemClock().now()),
            actor=operator(),
        )
        root, issuing = (app.authority_key(settings, f"{name}.pem") for name in (ROOT, ISSUING))
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
