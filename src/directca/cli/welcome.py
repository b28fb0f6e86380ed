"""What `directca serve` says when a sandbox is ready: where it is, how to get in, what to try next."""

import shlex
import sys
from pathlib import Path

from directca.cli import present, sandbox_facts
from directca.cli.sandbox_facts import SandboxFacts
from directca.rooms import Authority


def announce(authority: Authority, facts: SandboxFacts) -> None:
    """Print the address, the documentation, the credentials, and three commands."""
    first = facts.first
    program = _program()
    present.emit(
        None,
        as_json=False,
        human=present.facts(
            {
                "directca SANDBOX": "made-up names; certificates that nobody trusts",
                "address": first.base_url,
                # With the id in the address, the samples of every page are filled with it.
                "documentation": f"{first.base_url}/docs?client_id={first.client_id}",
                "": "",
                "user name": first.username,
                "password": first.password,
                "client_id": first.client_id,
                "client_secret": first.client_secret,
                "redirect_uri": first.redirect_uri,
                "Direct domain": f"{first.direct_domain} ({first.organization})",
                "for scripts": f"{authority.settings.data / sandbox_facts.FILE} (these, the CA certificates, a second account)",
            }
        ),
    )
    commands = (
        f"{program} client login --server {first.base_url}",
        f"{program} client issue alice@{first.direct_domain} --years 1",
        f"{program} client show alice@{first.direct_domain}",
    )
    lines = ["", "Try next, in another terminal:", *(f"  {one}" for one in commands), "", "Ctrl-C ends it.", ""]
    sys.stdout.write("\n".join(lines))


def _program() -> str:
    """The command as it can be typed here."""
    beside = Path(sys.executable).parent / "directca"
    if not beside.exists():
        return f"{shlex.quote(sys.executable)} -m directca"
    here = Path.cwd()
    return shlex.quote(str(beside.relative_to(here) if beside.is_relative_to(here) else beside))
