"""Three OAuth clients of the node world live with the running server: openid-client, oauth4webapi, simple-oauth2."""

import json
import os
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.live import LiveServer

NODE = Path(__file__).parent / "node"
HERE = shutil.which("node") is not None and (NODE / "node_modules").is_dir()
pytestmark = pytest.mark.skipif(not HERE, reason="node 20 or its packages are not installed (tools/set-up test)")


@pytest.mark.parametrize("library", ["openid-client", "oauth4webapi", "simple-oauth2"])
def test_the_library_lives_through_a_grant(live: LiveServer, library: str) -> None:
    """Authorize, redeem, call, refresh, introspect, revoke; the program in node asserts each outcome."""
    variables = os.environ | {"DIRECTCA_ACCOUNT": json.dumps(asdict(live.first))}
    program = subprocess.Popen(
        ["node", NODE / f"{library}.mjs"],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        told = converse(program, live)
        assert told == {"issuer": live.first.base_url}
        _, complaints = program.communicate(timeout=30)
        assert program.returncode == 0, complaints
    finally:
        program.kill()
        program.communicate()


def converse(program: subprocess.Popen[str], live: LiveServer) -> dict[str, str]:
    """Play the program's user until it tells how it ended."""
    assert program.stdin is not None
    assert program.stdout is not None
    for line in program.stdout:
        message = json.loads(line)
        if "told" in message:
            told: dict[str, str] = message["told"]
            return told
        program.stdin.write(live.redirect_after_consent(message["open"]) + "\n")
        program.stdin.flush()
    assert program.stderr is not None
    raise AssertionError(program.stderr.read())
