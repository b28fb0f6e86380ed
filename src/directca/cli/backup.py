"""`directca backup` and `directca restore`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from directca.cli import archive, present
from directca.cli.archive import Manifest
from directca.cli.commands import Common, alone, command
from directca.cli.context import opened
from directca.cli.errors import BackedUpElsewhere
from directca.clock import SystemClock
from directca.db.sqlite import SqliteDatabase

app = alone()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions(Common):
    """Options of `backup`."""

    target: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")]
    with_passphrase: Annotated[
        bool,
        typer.Option("--with-passphrase", help="Put in the passphrase of the keys too: who has the file can sign."),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions(Common):
    """Options of `restore`."""

    source: Annotated[Path, typer.Argument(help="The file that `directca backup` wrote.")]
    force: Annotated[
        bool, typer.Option("--force", help="If the data folder is not empty, rename it and restore in its place.")
    ] = False


def backup(options: BackupOptions) -> None:
    """Write the authority to one file, while it goes on working: database, encrypted keys, settings.

    The passphrase of the keys is left out, unless asked for: keep it in another place. A sandbox's is put in.
    """
    with opened(options.data) as desk:
        settings, database = desk.settings, desk.database
        if not isinstance(database, SqliteDatabase):
            raise BackedUpElsewhere(
                f"The database {database.name} is backed up by PostgreSQL's own tools, pg_dump or pg_basebackup; "
                f"copy keys, passphrase, policy and settings from {options.data}."
            )
        for outside in (settings.keys, settings.policy):
            archive.check_inside(outside, options.data)
        passphrase = options.data / settings.storage.passphrase_file
        whole = options.with_passphrase or settings.sandbox.enabled
        leave_out: frozenset[Path] = frozenset() if whole else frozenset({passphrase})
        manifest = archive.write(options.data, database, options.target, desk.clock.now(), leave_out)
    human = f"{options.target}: {len(manifest.members)} files, {manifest.journal_rows} journal rows, checked."
    if not whole:
        human += f" The passphrase of the keys ({settings.storage.passphrase_file}) is not in it: keep it elsewhere."
    present.emit(_summary(options.target, manifest), as_json=options.as_json, human=human)


def restore(options: RestoreOptions) -> None:
    """Make the data folder from a backup, after checking all of it. Stop the server first.

    What was issued or revoked after the backup is not in it: compare the journal's digest with what you know, and
    publish new CRLs before you serve.
    """
    aside = None
    if options.force:
        stamp = SystemClock().now().strftime("%Y%m%dT%H%M%SZ")
        aside = options.data.with_name(f"{options.data.name}.before-restore-{stamp}")
    manifest = archive.restore(options.source, options.data, aside=aside)
    human = (
        f"Restored {options.data} as it was on {manifest.created_ts}: {manifest.journal_rows} journal rows, "
        f"the last with digest {manifest.journal_digest}."
    )
    if aside is not None and aside.exists():
        human += f" What was there is now in {aside}."
    present.emit(_summary(options.source, manifest), as_json=options.as_json, human=human)


command(app, "backup", BackupOptions, backup)
command(app, "restore", RestoreOptions, restore)


def _summary(file: Path, manifest: Manifest) -> dict[str, object]:
    return {
        "file": str(file),
        "created_ts": manifest.created_ts,
        "files": len(manifest.members),
        "journal_rows": manifest.journal_rows,
        "journal_digest": manifest.journal_digest,
    }
