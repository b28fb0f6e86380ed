"""How people sign in: the cost of a password, how long a session lives, how many attempts are answered."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PasswordConfig:
    """Argon2id (RFC 9106) and the length of a password.

    64 MiB and three passes are the RFC's second recommended option; one lane, because the authority spends at most one core on
    one attempt. `at_once` bounds the memory that strangers can make the server use: 4 × 64 MiB.
    """

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 1
    at_once: int = 4
    waiting: int = 4
    """How many may wait for a place. Whoever comes after them is sent away at once: waiting must not fill the thread pool."""
    wait_seconds: int = 10
    shortest: int = 15
    """SP 800-63B-4 3.1.1.2: at least 15 characters where the password is the only factor."""
    longest_bytes: int = 1024


@dataclass(frozen=True)
class SessionConfig:
    """How long a person stays signed in, in seconds (SP 800-63B-4 2.2.3: an overall and an inactivity time-out)."""

    idle_seconds: int = 30 * 60
    longest_seconds: int = 8 * 3600
    seen_every_seconds: int = 60
    """How often a session in use is written down: a page view costs no write."""
    step_up_seconds: int = 10 * 60
    """How long a second factor that was shown is good for what asks for it anew: roles, factors, officers' applications."""
    browser_days: int = 365
    """How long a browser in which somebody signed in keeps a budget of attempts of its own."""


@dataclass(frozen=True)
class LimitConfig:
    """How many failed attempts are answered before the next one has to wait, and how long.

    The first wait is `first_wait_seconds`; each further failure doubles it up to `longest_wait_seconds`. What is older than
    `window_seconds` is forgotten, so every wait passes by itself.
    """

    per_username: int = 5
    per_browser: int = 5
    per_address: int = 30
    reports_per_address: int = 20
    """Reports of compromised keys: all of them count but those of keys that are certified here."""
    first_wait_seconds: int = 5
    longest_wait_seconds: int = 15 * 60
    window_seconds: int = 3600
