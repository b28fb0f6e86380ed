"""Browsers are called what their owners call them."""

import pytest

from directca.web.browsers import name

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
MOBILE_SAFARI = "Version/18.5 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "called"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {KHTML} Chrome/156.0.0.0 Safari/537.36", "Chrome on Linux"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {KHTML} HeadlessChrome/156.0.0.0 Safari/537.36", "Chrome on Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KHTML} Chrome/150.0.0.0 Safari/537.36", "Chrome on ChromeOS"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KHTML} Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KHTML} Chrome/150.0.0.0 Safari/537.36 OPR/120.0", "Opera on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on a Mac"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {KHTML} Version/18.5 Safari/605.1.15", "Safari on a Mac"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {KHTML} {MOBILE_SAFARI}", "Safari on an iPhone"),
        (f"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) {KHTML} CriOS/150.0 Mobile/15E148 Safari/604.1", "Chrome on an iPad"),
        (f"Mozilla/5.0 (Linux; Android 15; K) {KHTML} Chrome/150.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            f"Mozilla/5.0 (Linux; Android 15; SM-S931B) {KHTML} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("Mozilla/5.0 (Haiku; Something) Unheard/1.0", "A browser"),
        ("Mozilla/5.0 (X11; Linux) Unheard/1.0", "A browser on Linux"),
        ("curl/8.5.0", "curl"),
        ("Kiosk Browser/2.1 (Windows)", "Kiosk Browser on Windows"),
        ("<b>markup</b>", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_called_by_its_own_name(agent: str, called: str) -> None:
    assert name(agent) == called


def test_however_long_a_name_is_the_page_stays_in_shape() -> None:
    assert len(name("A" * 5000)) <= 40
