"""The orders that are sent while measuring: to the authority they are like any others."""

import json
from itertools import combinations
from math import gcd

import pytest
from bench import orders

from directca.pki import requests


def test_four_primes_at_a_time_and_no_two_meet_again() -> None:
    primes = list(range(12))
    fours = list(orders._fours(primes))
    met = [frozenset(pair) for one, two, three, four in fours for pair in ((one, two), (three, four))]
    assert len(fours) == 33
    assert all(len(set(four)) == 4 for four in fours)
    assert set(met) == {frozenset(pair) for pair in combinations(primes, 2)}
    assert len(met) == len(set(met))


@pytest.mark.parametrize("count", [1, 3, 4, 14, 2364])
def test_enough_primes_are_found(count: int) -> None:
    primes = range(2 * orders._keys_needed(count))
    assert len(list(orders._fours(primes))) >= count


def test_the_authority_reads_the_requests_and_their_keys_have_nothing_in_common() -> None:
    primes = [prime for number in range(2) for prime in orders._two_primes(number)]
    made = orders._order(("alice@direct.example.org", *next(orders._fours(primes))))
    pair = requests.pair(requests.parse(made.signing_csr), requests.parse(made.encryption_csr))
    assert pair.common_name.value == "alice@direct.example.org"
    assert gcd(pair.signing.key.modulus, pair.encryption.key.modulus) == 1
    assert pair.signing.key.bits == pair.encryption.key.bits == orders.SUBSCRIBER_BITS


def test_an_order_is_a_call_of_issue() -> None:
    head, _, body = orders.Order("alice@direct.example.org", "one", "two").http("secret").partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/certificate/ HTTP/1.1\r\n")
    assert b"Authorization: Bearer secret" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body) == {
        "signingCertificatePkcs10Data": "one",
        "encryptionCertificatePkcs10Data": "two",
        "durationYear": 1,
    }
