"""What is remembered from one look to the next is whole, or counts as not seen."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from directca.cli.status_looks import FileLooks, read_report, replace, write_report
from directca.revocation.verification_model import Look

ONE, OTHER = "http://ca.example.org/crl/issuing.crl", "http://ca.example.org/crl/root.crl"
WHEN = datetime(2026, 11, 24, 12, tzinfo=UTC)


def look(number: int, der: bytes) -> Look:
    return Look(number, WHEN, sha256(der).hexdigest())


def test_nothing_was_seen_before(tmp_path: Path) -> None:
    looks = FileLooks(tmp_path)
    assert looks.last(ONE) is None
    assert looks.der(look(1, b"list")) is None


def test_the_next_process_knows_what_this_one_saw(tmp_path: Path) -> None:
    FileLooks(tmp_path).remember(ONE, look(1, b"list"), b"list")
    looks = FileLooks(tmp_path)
    assert looks.last(ONE) == look(1, b"list")
    assert looks.der(look(1, b"list")) == b"list"
    assert looks.last(OTHER) is None


def test_a_list_is_kept_once_and_as_long_as_it_is_the_last(tmp_path: Path) -> None:
    looks = FileLooks(tmp_path)
    for url in (ONE, OTHER):
        looks.remember(url, look(1, b"list"), b"list")
    assert len(list((tmp_path / "status" / "lists").iterdir())) == 1
    looks.remember(ONE, look(2, b"newer"), b"newer")
    assert looks.der(look(1, b"list")) == b"list"
    looks.remember(OTHER, look(2, b"newer"), b"newer")
    assert looks.der(look(1, b"list")) is None
    assert len(list((tmp_path / "status" / "lists").iterdir())) == 1


def test_a_list_that_was_altered_is_lost(tmp_path: Path) -> None:
    looks = FileLooks(tmp_path)
    looks.remember(ONE, look(1, b"list"), b"list")
    (kept,) = (tmp_path / "status" / "lists").iterdir()
    kept.write_bytes(b"else")
    assert looks.der(look(1, b"list")) is None
    looks.remember(ONE, look(2, b"newer"), b"newer")
    assert looks.der(look(2, b"newer")) == b"newer"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"http://x": {}}', b'{"http://x": {"number": "a", "this_update": 1, "sha256": 2}}']
)
def test_what_cannot_be_read_was_not_seen(tmp_path: Path, content: bytes) -> None:
    FileLooks(tmp_path).remember(ONE, look(1, b"list"), b"list")
    (tmp_path / "status" / "looks.json").write_bytes(content)
    assert FileLooks(tmp_path).last(ONE) is None


def test_what_a_crash_left_half_goes_away(tmp_path: Path) -> None:
    looks = FileLooks(tmp_path)
    (tmp_path / "status" / "lists" / ".draft").write_bytes(b"ha")
    looks.remember(ONE, look(1, b"list"), b"list")
    assert [path.read_bytes() for path in (tmp_path / "status" / "lists").iterdir()] == [b"list"]


def test_nobody_else_may_read_what_is_kept(tmp_path: Path) -> None:
    FileLooks(tmp_path)
    assert (tmp_path / "status").stat().st_mode & 0o077 == 0


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    replace(tmp_path / "a" / "file", b"one")
    replace(tmp_path / "a" / "file", b"two")
    assert [path.read_bytes() for path in (tmp_path / "a").iterdir()] == [b"two"]


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_report(tmp_path) is None
    write_report(tmp_path, {"findings": ["é"]})
    assert read_report(tmp_path) == {"findings": ["é"]}
