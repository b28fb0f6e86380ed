"""What callers are told of errors: never where the operator's files are."""

import json

from directca.api import errors
from directca.db.errors import DatabaseUnusable
from directca.signing.errors import KeyUnusable
from directca.vetting.proposal_errors import AwaitsApproval
from directca.web.error_pages import failure_of


def test_callers_do_not_learn_where_files_are() -> None:
    for error in (DatabaseUnusable("The database /srv/x.sqlite cannot be used."), KeyUnusable("The key file /srv/k is gone.")):
        answered = json.loads(bytes(errors.answer(error, "1").body))
        assert answered["error"] == error.slug
        assert "/srv" not in answered["description"]
        assert "/srv" not in failure_of(error).detail
        assert "/srv" in str(error)  # which is what the log tells


def test_what_waits_for_somebody_names_the_proposal() -> None:
    answered = json.loads(bytes(errors.answer(AwaitsApproval("It waits.", proposal="0" * 32), "1").body))
    assert (answered["error"], answered["proposal"]) == ("awaits_approval", "0" * 32)
