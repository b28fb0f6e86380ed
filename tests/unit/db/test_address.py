"""Addresses of databases: files, servers, and what is refused."""

from pathlib import Path

import pytest
from psycopg.pq import Conninfo

from directca.db.address import _PARAMETERS, _SECRET, BadDatabaseAddress, PostgresAddress, read_address

DATA = Path("/srv/directca")


def test_a_name_is_a_file() -> None:
    assert read_address("directca.sqlite", DATA) == DATA / "directca.sqlite"
    assert read_address("/var/a.sqlite", DATA) == Path("/var/a.sqlite")


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("postgresql://db.example.org/ca", {"dbname": "ca", "host": "db.example.org", "port": "5432"}),
        ("postgres://me@db:6432/ca", {"dbname": "ca", "host": "db", "port": "6432", "user": "me"}),
        ("postgresql://a,b:6000/ca", {"dbname": "ca", "host": "a,b", "port": "5432,6000"}),
        ("postgresql://[::1]:6000/ca", {"dbname": "ca", "host": "::1", "port": "6000"}),
        ("postgresql://[::1]/ca", {"dbname": "ca", "host": "::1", "port": "5432"}),
        ("postgresql:///ca", {"dbname": "ca"}),
        ("postgresql://%2Frun%2Fpostgresql/my%20ca", {"dbname": "my ca", "host": "/run/postgresql", "port": "5432"}),
        ("postgresql://db/ca?sslmode=verify-full", {"dbname": "ca", "host": "db", "port": "5432", "sslmode": "verify-full"}),
    ],
)
def test_a_server_is_named_by_the_parameters_of_libpq(text: str, parameters: dict[str, str]) -> None:
    address = read_address(text, DATA)
    assert isinstance(address, PostgresAddress)
    assert dict(address.parameters) == parameters


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mysql://db/ca", "no database that directca knows"),
        ("postgresql://db", "names no database"),
        ("postgresql://db/", "names no database"),
        ("postgresql://db/a/b", "names no database"),
        ("postgresql://db:five/ca", "its port is no number"),
        ("postgresql://me:secret@db/ca", "holds a password"),
        ("postgresql://db/ca?password=secret", "holds a password"),
        ("postgresql://db/ca?sslmode=require&sslpassword=secret", "holds a password"),
        ("postgresql://db/ca?sslmod=verify-full", "sslmod in the address of the database is no parameter"),
        ("postgresql://db/ca?sslmode", "sslmode in the address of the database has no value"),
        ("postgresql://db/ca?sslmode=&sslrootcert=ca.pem", "sslmode in the address of the database has no value"),
        ("postgresql://db/ca?sslmode=verify-full&", "has no value"),
    ],
)
def test_what_means_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadDatabaseAddress, match=why) as told:
        read_address(text, DATA)
    assert "secret" not in str(told.value)


def test_a_server_is_told_without_its_parameters() -> None:
    assert str(read_address("postgresql://me@db/ca?sslmode=require", DATA)) == "ca at db"
    assert str(read_address("postgresql:///ca", DATA)) == "ca at the local socket"


def test_every_parameter_of_the_driver_is_known_or_is_a_secret() -> None:
    names = {one.keyword.decode() for one in Conninfo.get_defaults()}
    assert names == _PARAMETERS | _SECRET


def test_nothing_of_an_address_is_dropped_in_silence() -> None:
    address = read_address("postgresql://db/ca?sslmode=verify-full#1", DATA)
    assert isinstance(address, PostgresAddress)
    assert dict(address.parameters)["sslmode"] == "verify-full#1"
