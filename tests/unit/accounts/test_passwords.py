"""Passwords: what may be chosen, what is stored, what is verified."""

import secrets
import threading
from dataclasses import replace

import pytest
from argon2 import PasswordHasher, extract_parameters

from directca.accounts.config import PasswordConfig
from directca.accounts.passwords import Passwords
from directca.accounts.people_errors import TooManyAtOnce, WeakPassword, WrongCredentials
from tests.people import CHEAP, PASSWORD


def passwords(config: PasswordConfig = CHEAP) -> Passwords:
    return Passwords(config, secrets.token_bytes)


def test_the_right_password_is_recognized_and_every_other_is_not() -> None:
    checker = passwords()
    stored = checker.make_hash(PASSWORD)
    assert checker.verify(stored, PASSWORD) is None
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], "x" * 2000, "\udce9" * 20):
        with pytest.raises(WrongCredentials):
            checker.verify(stored, wrong)


def test_nobody_has_the_password_of_nobody() -> None:
    checker = passwords()
    for guess in ("", PASSWORD, "0" * 64):
        with pytest.raises(WrongCredentials):
            checker.verify(None, guess)


def test_what_is_checked_for_nobody_costs_what_every_hash_costs() -> None:
    for config in (CHEAP, PasswordConfig(), PasswordConfig(memory_kib=128, passes=4, lanes=2)):
        checker = passwords(config)
        assert extract_parameters(checker._nobody) == extract_parameters(checker.make_hash(PASSWORD))
        assert checker._nobody != passwords(config)._nobody


def test_whoever_checks_no_password_pays_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def hashed(*_: object, **__: object) -> str:
        raise AssertionError("a password was hashed")

    monkeypatch.setattr(PasswordHasher, "hash", hashed)
    passwords(PasswordConfig())


def test_a_damaged_hash_lets_nobody_in() -> None:
    for stored in ("", "plain text", "$argon2id$v=19$m=8,t=1,p=1$", "$2b$12$abcdefghijklmnopqrstuv"):
        with pytest.raises(WrongCredentials):
            passwords().verify(stored, PASSWORD)


def test_the_shipped_parameters_are_argon2id_as_rfc_9106_recommends() -> None:
    stored = passwords(PasswordConfig()).make_hash(PASSWORD)
    found = extract_parameters(stored)
    assert stored.startswith("$argon2id$v=19$")
    assert (found.memory_cost, found.time_cost, found.salt_len, found.hash_len) == (65536, 3, 16, 32)


def test_two_hashes_of_one_password_differ() -> None:
    checker = passwords()
    assert checker.make_hash(PASSWORD) != checker.make_hash(PASSWORD)


def test_changed_parameters_give_a_new_hash_that_then_stays() -> None:
    old = passwords().make_hash(PASSWORD)
    changed = passwords(replace(CHEAP, passes=2))
    new = changed.verify(old, PASSWORD)
    assert new is not None
    assert extract_parameters(new).time_cost == 2
    assert changed.verify(new, PASSWORD) is None


def test_a_new_hash_needs_no_second_place(monkeypatch: pytest.MonkeyPatch) -> None:
    class OpensOnce:
        """A door that somebody else takes as soon as it is free again."""

        opened = False

        def acquire(self, *, blocking: bool) -> bool:
            opened, self.opened = self.opened, True
            return not opened

        def release(self) -> None:
            pass

    old = passwords().make_hash(PASSWORD)
    changed = passwords(replace(CHEAP, passes=2))
    monkeypatch.setattr(changed, "_door", OpensOnce())
    assert changed.verify(old, PASSWORD) is not None


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    checker = passwords()
    composed, decomposed = "Gr\u00fc\u00dfe an alle \u2460", "Gru\u0308\u00dfe an alle 1"
    assert checker.verify(checker.make_hash(composed), decomposed) is None


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "short but odd!",
        "a" * 1025,
        "aaaaaaaaaaaaaaaaaaaa",
        "passwordpassword",
        "abcabcabcabcabcabc",
        "qwertyuiopasdfgh",
        "123456789012345678",
        "zyxwvutsrqponmlkjih",
        "mariamaria maria.",
        "maria@clinic.example",
        "maria@clinic.example1",
        "DirectCA password 1",
        "with a \x00 in the middle",
        "line\nbreak in the middle",
    ],
)
def test_a_password_that_is_short_or_easily_guessed_is_refused(weak: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        passwords().check_rules(weak, "maria@clinic.example")
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "good",
    [
        PASSWORD,
        "no digits needed here",
        "パスワードはながいほどよいのです",
        "kT9_vQ2-mZ7xLw4bNc8r",
        "é" * 3 + "tagère bleue au fond",
    ],
)
def test_length_is_enough(good: str) -> None:
    passwords().check_rules(good, "maria@clinic.example")


def test_only_a_few_wait_for_their_turn() -> None:
    checker = passwords(replace(CHEAP, memory_kib=65_536, passes=6, at_once=1, waiting=1, wait_seconds=60))
    answers: list[str] = []
    start = threading.Barrier(6)

    def attempt() -> None:
        start.wait()
        try:
            checker.verify(None, PASSWORD)
        except (WrongCredentials, TooManyAtOnce) as refused:
            answers.append(refused.slug)

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["sign_in_busy"] * 4 + ["wrong_credentials"] * 2


def test_no_more_than_the_allowed_number_are_verified_at_once() -> None:
    checker = passwords(replace(CHEAP, memory_kib=65_536, passes=6, at_once=1, waiting=3, wait_seconds=0))
    stored = passwords().make_hash(PASSWORD)
    answers: list[str] = []
    start = threading.Barrier(4)

    def attempt() -> None:
        start.wait()
        try:
            checker.verify(None, PASSWORD)
        except (WrongCredentials, TooManyAtOnce) as refused:
            answers.append(refused.slug)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["sign_in_busy"] * 3 + ["wrong_credentials"]
    with pytest.raises(WrongCredentials):  # and the place is free again afterwards
        checker.verify(stored, "another one")
