"""The receiver of the documentation receives, and knows what is genuine; so does the check by hand."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from directca.api.webhook_poster import WebhookPoster
from directca.clock import SystemClock
from directca.notices.config import NoticeConfig
from directca.notices.webhook_model import Answered, Message, Outcome
from directca.notices.webhook_policy import answers, new_secret, signature
from directca.web.docs.samples import answers as texts
from tests.live import free_port

SECRET, OLD, OTHER = (new_secret(octet * 32) for octet in (b"a", b"b", b"c"))
BODY = '{"id":"evt_1","type":"certificate.issued","subject":"record:1","data":{"name":"Kör"}}'.encode()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("receiver")
    (folder / "receiver.py").write_text(texts()["webhook_receiver"], encoding="utf-8")
    port = free_port()
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "receiver.py"],
            cwd=folder,
            env={**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(port)},
            stdout=said,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(200):
                try:
                    httpx2.get(f"http://127.0.0.1:{port}/")
                    break
                except httpx2.TransportError:
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/hook", folder / "said"
        finally:
            process.terminate()
            process.wait()


def sent(url: str, body: bytes, header: str) -> Answered:
    poster = WebhookPoster(NoticeConfig(allow_loopback=True), Path("/nowhere"))
    answered = poster.post(Message(url, {"Content-Type": "application/json", "Directca-Signature": header}, body), 1024)
    poster.close()
    return answered


def signed(*secrets: str, body: bytes = BODY, seconds: int = 0) -> str:
    moment = SystemClock().now()
    return signature(secrets, moment.fromtimestamp(moment.timestamp() - seconds, moment.tzinfo), body)


def test_it_takes_the_challenge_and_each_event_once(there: tuple[str, Path]) -> None:
    url, said = there
    challenge = b'{"type":"webhook.challenge","webhook":"hook_1","challenge":"c4a11e"}'
    assert answers("c4a11e", sent(url, challenge, signed(SECRET, body=challenge)))
    assert sent(url, BODY, signed(SECRET)).outcome is Outcome.DELIVERED
    assert sent(url, BODY, signed(OLD, SECRET)).outcome is Outcome.DELIVERED
    assert said.read_text(encoding="utf-8").count("certificate.issued record:1") == 1


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(lambda: "none", id="no signature"),
        pytest.param(lambda: "t=1", id="a moment alone"),
        pytest.param(lambda: "v1=00", id="a digest alone"),
        pytest.param(lambda: signed(OTHER), id="another secret"),
        pytest.param(lambda: signed(SECRET, body=b"{}"), id="another body"),
        pytest.param(lambda: signed(SECRET, seconds=600), id="ten minutes old"),
        pytest.param(lambda: signed(SECRET) + ",t=1", id="two moments"),
        pytest.param(lambda: "t=x,v1=y", id="neither"),
    ],
)
def test_it_takes_nothing_else(there: tuple[str, Path], header: Callable[[], str]) -> None:
    assert sent(there[0], BODY, header()).status == 401


def test_the_check_by_hand_says_the_same(tmp_path: Path) -> None:
    shell, openssl = shutil.which("sh"), shutil.which("openssl")
    assert shell, "every machine has a shell"
    if openssl is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "body.json").write_bytes(BODY)

    def checked(header: str) -> str:
        environment = {**os.environ, "HEADER": header, "WEBHOOK_SECRET": SECRET}
        text = texts()["webhook_check"]
        ran = subprocess.run([shell, "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return ran.stdout.strip()

    assert checked(signed(SECRET)) == checked(signed(OLD, SECRET)) == "genuine"
    assert checked(signed(OTHER)) == checked(signed(SECRET, body=b"{}")) == "forged"
