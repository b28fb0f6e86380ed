"""`directca config`: read the settings as the server would, without starting anything."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.pki import profiles
from directca.settings import SECTIONS, Settings, load

app = group("config", "The settings.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions(Common):
    """Options of `config check`."""

    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong, as before each start.")] = False


def check(options: CheckOptions) -> None:
    """Read settings, passphrase, policy and lists of keys to refuse, and say what applies. Nothing is started or changed."""
    settings = load(options.data)
    settings.oauth_config()
    settings.passphrase()
    settings.blocked_keys()
    policy = profiles.load(settings.policy.read_bytes())
    if options.quiet:
        return
    data = {
        **{name: asdict(getattr(settings, name)) for name in SECTIONS},
        "prices": _prices(settings),
        "policy": {"version": policy.version, "sha256": policy.sha256, "development": policy.development},
    }
    rows = [(f"{section}.{key}", value) for section, values in data.items() for key, value in values.items()]
    rows.append(("addresses", f"{settings.public_url} for clients, {settings.relying_party_url} in certificates"))
    present.emit(data, as_json=options.as_json, human=present.listing(("setting", "value"), rows, empty=""))


command(app, "check", CheckOptions, check)


def _prices(settings: Settings) -> dict[str, Any]:
    prices = settings.prices
    return {
        "currency": prices.currency,
        **{f"{product}.{act}.{years}": cents for (product, act, years), cents in prices.cents.items()},
    }
