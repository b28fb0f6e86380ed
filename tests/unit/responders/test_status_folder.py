"""The folder for nginx or a CDN: what is published is there, whole and readable; nothing old, foreign or stale is."""

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from directca.db.engine import Database
from directca.pki import oids
from directca.pki.cms import certs_only
from directca.pki.crl_view import read_crl
from directca.pki.reasons import RevocationReason
from directca.responders import status_folder
from directca.responders.errors import StatusFolderUnusable
from directca.responders.status_files import StatusFiles
from directca.responders.status_folder import MARGIN, Published, publish, relative_path, wanted
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from tests import authority as ca
from tests.world import START, World, a_world

FULL = Path("crl/issuing.crl")
ALL = {"aia/issuing.cer", "aia/issuing.p7c", "aia/root.cer", "aia/root.p7c", "crl/issuing.crl", "crl/root.crl"}


@pytest.fixture
def world(database: Database) -> World:
    made = a_world(database)
    upkeep.produce_due_crls(made.revocation)
    return made


@pytest.fixture
def files(world: World) -> StatusFiles:
    known = {"issuing": ca.issuing_ca().issuer.certificate_der or b"", "root": ca.root().issuer.certificate_der or b""}
    return StatusFiles(world.revocation, {name: (der, certs_only([der])) for name, der in known.items()})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "status"
    made.mkdir()
    before = os.umask(0o077)  # as a server's
    yield made
    os.umask(before)


def inside(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def newest(world: World, *of: str) -> bytes:
    return crl.published(world.revocation, ListId(*(of or ("issuing",)))).der


def test_everything_is_there_under_its_path_and_for_everybody_to_read(world: World, files: StatusFiles, folder: Path) -> None:
    assert set(publish(files, folder).written) == ALL
    assert inside(folder) == ALL
    assert (folder / FULL).read_bytes() == newest(world)
    assert (folder / "aia/root.cer").read_bytes() == ca.root().issuer.certificate_der
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o644}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_dir()} == {0o755}
    assert (folder / FULL).stat().st_mtime == START.timestamp()


def test_nothing_is_written_twice_and_only_what_changed_again(world: World, files: StatusFiles, folder: Path) -> None:
    world.issue()
    publish(files, folder)
    assert publish(files, folder) == Published((), (), ())
    before = (folder / FULL).stat().st_mtime
    world.revoke(RevocationReason.KEY_COMPROMISE)  # in the same second
    assert publish(files, folder) == Published((str(FULL),), (), ())
    assert (folder / FULL).read_bytes() == newest(world)
    assert (folder / FULL).stat().st_mtime > before  # so that a server's entity tag is another


def test_a_partition_has_its_own_file(world: World, files: StatusFiles, folder: Path) -> None:
    with world.database.write() as tx:
        crl.listing.begin(tx, "issuing", ["2-0", "2-1"], START)
    found = publish(files, folder)
    assert found.withheld == (("issuing/2-0", "it was never made"), ("issuing/2-1", "it was never made"))
    upkeep.produce_due_crls(world.revocation)
    assert publish(files, folder).written == ("crl/issuing/2-0.crl", "crl/issuing/2-1.crl")
    assert (folder / relative_path(ListId("issuing", "2-1"))).read_bytes() == newest(world, "issuing", "2-1")


def test_a_list_leaves_before_it_runs_out_and_comes_back_fresh(world: World, files: StatusFiles, folder: Path) -> None:
    publish(files, folder)
    world.clock.advance(hours=72, seconds=-MARGIN.total_seconds() - 1)
    assert publish(files, folder) == Published((), (), ())
    world.clock.advance(seconds=1)
    before = wanted(files)
    found = publish(files, folder)
    assert set(found.removed) == {"crl/issuing.crl", "crl/root.crl"}
    assert {name for name, why in found.withheld if why == "it is out of date"} == {"issuing", "root"}
    assert publish(files, folder).removed == ()
    upkeep.produce_due_crls(world.revocation)
    assert wanted(files) != before
    assert set(publish(files, folder).written) == {"crl/issuing.crl", "crl/root.crl"}


@pytest.mark.tampers
def test_an_older_list_never_takes_the_place_of_a_newer_one(world: World, files: StatusFiles, folder: Path) -> None:
    of = ListId("issuing")
    older = newest(world)
    world.clock.advance(seconds=5)
    crl.produce(world.revocation, of, actor="test")
    publish(files, folder)
    newer = (folder / FULL).read_bytes()
    with world.database.write() as tx:  # as a backup of before would have it
        tx.execute(crl.store.crl.delete().where(crl.store.crl.c.this_update > START, crl.store.crl.c.authority_id == "issuing"))
    assert newest(world) == older
    (name, why), *rest = publish(files, folder).withheld
    assert (name, rest) == ("issuing", [])
    assert "has number" in why
    assert (folder / FULL).read_bytes() == newer
    world.clock.advance(hours=72)  # and not even that one stays past its end
    publish(files, folder)
    assert not (folder / FULL).exists()


@pytest.mark.parametrize("damaged", [b"", b"no list", b"\x30\x03\x02\x01\x01"])
def test_what_is_no_list_is_replaced(world: World, files: StatusFiles, folder: Path, damaged: bytes) -> None:
    publish(files, folder)
    (folder / FULL).write_bytes(damaged)
    assert publish(files, folder).written == (str(FULL),)
    spoilt = bytearray(newest(world))
    spoilt[-1] ^= 1
    (folder / FULL).write_bytes(spoilt)
    assert publish(files, folder).written == (str(FULL),)
    assert (folder / FULL).read_bytes() == newest(world)


@pytest.mark.parametrize("path", [str(FULL), "aia/issuing.cer", "aia/issuing.p7c"])
@pytest.mark.parametrize("kind", ["pipe", "link", "link to nowhere", "link to a pipe", "socket"])
def test_what_is_no_file_is_replaced_and_nobody_waits_for_it(files: StatusFiles, folder: Path, path: str, kind: str) -> None:
    publish(files, folder)
    whole, elsewhere, place = (folder / path).read_bytes(), folder.with_name("elsewhere"), folder / path
    place.unlink()
    if kind == "link":
        elsewhere.write_bytes(whole)
    elif kind == "link to a pipe":
        os.mkfifo(elsewhere)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(place))
    else:
        place.symlink_to(elsewhere)
    assert publish(files, folder).written == (path,)
    assert stat.S_ISREG(place.lstat().st_mode)
    assert place.read_bytes() == whole


def test_a_folder_in_place_of_a_list_is_told(files: StatusFiles, folder: Path) -> None:
    (folder / FULL).mkdir(parents=True)
    with pytest.raises(StatusFolderUnusable, match=r"Is a directory \(.*/crl/issuing\.crl\)"):
        publish(files, folder)


def test_a_list_with_a_higher_number_that_we_did_not_sign_keeps_nothing_away(
    world: World, files: StatusFiles, folder: Path
) -> None:
    publish(files, folder)
    older = newest(world)
    world.clock.advance(seconds=5)
    crl.produce(world.revocation, ListId("issuing"), actor="test")
    ours = newest(world)
    number = read_crl(ours).extension(oids.CRL_NUMBER)
    assert number is not None
    higher = number.value[:-1] + bytes((number.value[-1] + 1,))
    forged = ours.replace(number.value, higher)
    assert forged != ours
    (folder / FULL).write_bytes(forged)
    found = publish(files, folder)
    assert (found.written, found.withheld) == ((str(FULL),), ())
    assert (folder / FULL).read_bytes() == ours != older


def test_the_list_of_another_authority_is_left_alone(world: World, files: StatusFiles, folder: Path) -> None:
    publish(files, folder)
    foreign = newest(world, "root")
    (folder / FULL).write_bytes(foreign)
    (folder / "aia/root.cer").unlink()
    with pytest.raises(StatusFolderUnusable, match=r"files of another authority.*: crl/issuing\.crl\."):
        publish(files, folder)
    assert (folder / FULL).read_bytes() == foreign
    assert inside(folder) == ALL - {"aia/root.cer"}  # nothing else was written either


@pytest.mark.parametrize("path", ["aia/issuing.cer", "aia/issuing.p7c"])
def test_certificates_of_another_authority_are_left_alone(files: StatusFiles, folder: Path, path: str) -> None:
    foreign = ca.root().issuer.certificate_der or b""
    foreign = foreign if path.endswith("cer") else certs_only([foreign])
    (folder / "aia").mkdir()
    (folder / path).write_bytes(foreign)
    with pytest.raises(StatusFolderUnusable, match=f"files of another authority.*: {path}"):
        publish(files, folder)
    assert (folder / path).read_bytes() == foreign
    assert inside(folder) == {path}


def test_one_of_our_own_lists_leaves_in_time_also_from_a_folder_with_files_of_another(
    world: World, files: StatusFiles, folder: Path
) -> None:
    publish(files, folder)
    (folder / "aia/issuing.cer").write_bytes(ca.root().issuer.certificate_der or b"")
    world.clock.advance(hours=72)
    with pytest.raises(StatusFolderUnusable, match=r"aia/issuing\.cer"):
        publish(files, folder)
    assert inside(folder) == ALL - {"crl/issuing.crl", "crl/root.crl"}


@pytest.mark.parametrize("damaged", [b"", b"no certificate", b"\x30\x03\x02\x01\x01"])
@pytest.mark.parametrize("path", ["aia/issuing.cer", "aia/issuing.p7c"])
def test_what_is_no_certificate_is_replaced(files: StatusFiles, folder: Path, path: str, damaged: bytes) -> None:
    publish(files, folder)
    (folder / path).write_bytes(damaged)
    assert publish(files, folder).written == (path,)


def test_what_a_crash_left_is_in_nobodys_way(world: World, files: StatusFiles, folder: Path) -> None:
    (folder / "crl").mkdir()
    (folder / "crl/.issuing.crl.new").write_bytes(newest(world)[:100])
    publish(files, folder)
    assert inside(folder) == ALL


def test_a_place_holds_the_old_list_until_the_new_one_is_whole(
    world: World, files: StatusFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(files, folder)
    before = (folder / FULL).read_bytes()
    world.clock.advance(seconds=5)
    crl.produce(world.revocation, ListId("issuing"), actor="test")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StatusFolderUnusable, match="No space left on device"):
            publish(files, folder)
    assert (folder / FULL).read_bytes() == before
    assert inside(folder) == ALL
    publish(files, folder)
    assert read_crl((folder / FULL).read_bytes()).this_update != read_crl(before).this_update


def test_a_folder_that_is_not_there_is_not_made(files: StatusFiles, tmp_path: Path) -> None:
    with pytest.raises(StatusFolderUnusable, match="There is no folder"):
        publish(files, tmp_path / "unmounted")
    assert not (tmp_path / "unmounted").exists()


def test_nor_is_one_that_vanishes_meanwhile(files: StatusFiles, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *_: folder.rmdir())
    with pytest.raises(StatusFolderUnusable, match="There is no folder"):
        publish(files, folder)
    assert not folder.exists()


def test_two_who_publish_do_not_meet(files: StatusFiles, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []

    def tried(_self: Path, _target: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
        held.append(True)

    monkeypatch.setattr(Path, "replace", tried)
    publish(files, folder)
    assert len(held) == len(ALL)


def test_who_waits_for_another_process_gives_up_and_says_so(
    files: StatusFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_folder, "_LOCK_SECONDS", 0.2)
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(StatusFolderUnusable, match="Another process has held the lock"):
            publish(files, folder)
    finally:
        os.close(handle)
    assert set(publish(files, folder).written) == ALL


def test_a_file_in_place_of_the_folder_is_told(files: StatusFiles, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StatusFolderUnusable, match="is not a folder"):
        publish(files, tmp_path / "file")
