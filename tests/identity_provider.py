"""An OpenID provider that other people wrote (oidc-provider, Node.js), on loopback, and a person's browser at it.

with identity_provider({"r-1": "Rosa Representative"}) as issuer:
    answer = at_the_provider(begun.address, "r-1")
"""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

import httpx2

from directca.vetting.external_identity import Answer
from tests.house.sources import ROOT

NODE = ROOT / "tests" / "interop" / "node"
PUBLIC_URL = "http://ca.test"
CALLBACK = f"{PUBLIC_URL}/console/identity/test"
SECRET = "a secret: of + and %"
IAL2, IAL1 = "urn:example:ial2", "urn:example:ial1"


@contextlib.contextmanager
def identity_provider(people: Mapping[str, str]) -> Iterator[str]:
    """The provider's issuer, while it runs."""
    node = shutil.which("node")
    assert node is not None, "the machine has no Node.js"
    with subprocess.Popen(
        [node, "identity-provider.mjs", CALLBACK],
        cwd=NODE,
        env=os.environ | {"PEOPLE": json.dumps(people)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def at_the_provider(address: str, login: str, acr: str = IAL2) -> Answer:
    """What the provider leads back with when somebody has signed in there."""
    with httpx2.Client(trust_env=False) as browser:
        sent = browser.get(address).headers["location"]
        while not sent.startswith(PUBLIC_URL):
            if not sent.startswith("http"):
                sent = f"{address[: address.index('/', 8)]}{sent}"
            params = {"login": login, "acr": acr} if "/interaction/" in sent else None
            sent = browser.get(sent, params=params).headers["location"]
    given = {name: values[0] for name, values in parse_qs(urlsplit(sent).query).items()}
    return Answer(given.get("state", ""), given.get("code", ""), given.get("iss"), given.get("error", ""))
