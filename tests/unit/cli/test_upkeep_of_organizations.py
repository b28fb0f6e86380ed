"""What upkeep does about organizations: numbers from before numbers were sealed are sealed."""

from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from directca import rooms
from directca.cli.membership import Membership
from directca.cli.upkeep import Upkeep
from directca.signing.sealed_texts import SealedTexts
from tests.unit.cli.conftest import Shell
from tests.unit.cli.test_vetting import DECLARED, PROOF


def test_numbers_of_an_earlier_release_are_sealed(shell: Shell, organization: str, tmp_path: Path) -> None:
    shell.json("organization", "proof", organization, *PROOF, *DECLARED)
    with closing(rooms.open_authority(shell.data)) as authority:
        with authority.database.write() as tx:
            tx.execute(text("UPDATE proofing SET evidence_number = 'C01X00T47', evidence_sealed = NULL"))
        Upkeep(authority, tmp_path, Membership(authority)).work_if_due()
        with authority.database.read() as tx:
            rows = tx.execute(text("SELECT id, evidence_number, evidence_sealed FROM proofing")).all()
        passphrase = authority.settings.passphrase()
    assert rows
    for proofing_id, shown, sealed in rows:
        assert shown == "•••••••47"
        assert SealedTexts(passphrase).open(sealed, proofing_id) == "C01X00T47"
