"""`directca db migrate` and `directca db check`: on a file, with one role of a server, and with two."""

from bench.postgres import OWNER, SERVING, Postgres

from directca.settings import FILE
from tests.e2e.serving import command
from tests.live import free_port
from tests.unit.cli.conftest import Shell


def at(shell: Shell, **storage: str) -> Shell:
    """The folder's settings, with its records elsewhere."""
    path = shell.data / FILE
    lines = "".join(f'{name} = "{value}"\n' for name, value in storage.items())
    path.write_text(f"{path.read_text().partition('[storage]')[0]}\n[storage]\n{lines}")
    return shell


def test_a_file_has_no_roles(shell: Shell) -> None:
    assert shell.json("db", "migrate")["granted_to"] is None
    said = shell.json("db", "check")
    assert said["schema"] == said["wanted"]
    assert "role" not in said


def test_one_role_is_told_to_be_one(shell: Shell, postgresql: Postgres) -> None:
    at(shell, database=postgresql.new_database())
    migrated = shell.json("db", "migrate")
    assert (migrated["before"], migrated["granted_to"]) == (None, None)
    assert "can change the journal" in shell.json("db", "check")["note"]


def test_two_roles_are_two(shell: Shell, postgresql: Postgres) -> None:
    address, _ = postgresql.new_owned_database()
    at(shell, database=address, database_owner=OWNER, database_password_file="none")
    (shell.data / "none").write_text("asked for by nobody\n")
    (shell.data / "owner").write_text("asked for by nobody\n")
    name = address.rpartition("/")[2]
    postgresql.run(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    assert shell.slug("db", "check") == "schema_behind"
    assert shell.slug("account", "list") == "schema_behind"  # no command changes the schema
    assert shell.json("db", "migrate", "--password-file", "owner")["granted_to"] == SERVING
    said = shell.json("db", "check")
    assert (said["role"], said["owner"], said["more_than_needed"]) == (SERVING, OWNER, [])
    postgresql.run(f"GRANT DELETE ON record TO {SERVING}", name)
    assert shell.json("db", "check")["more_than_needed"] == ["DELETE on record"]
    postgresql.run(f"GRANT UPDATE ON journal TO {SERVING}", name)
    assert "UPDATE on journal" in shell.refused("db", "check")
    assert shell.slug("account", "list") == "role_too_powerful"
    served = command(shell.data, "serve", "--port", str(free_port()))
    assert (served.returncode, "UPDATE on journal" in served.stderr) == (1, True)
    shell.json("db", "migrate")
    assert shell.json("account", "list") == []


def test_a_standby_that_is_away_is_told(shell: Shell, postgresql: Postgres) -> None:
    at(shell, database=postgresql.new_database(), standby="postgresql://directca@127.0.0.1:1/directca")
    shell.json("db", "migrate")
    assert "127.0.0.1" in shell.json("db", "check")["standby"]
