"""Answers that are JSON already go out as the framework would write them."""

from starlette.responses import Response

from directca.api.answers import JsonText, json_of


def test_an_answer_is_what_the_framework_makes_of_the_same() -> None:
    text = '{"name":"D\u00fcrer"}'
    ours = JsonText(text, 400, ((b"cache-control", b"no-store"), (b"pragma", b"no-cache")))
    theirs = Response(text, 400, {"Cache-Control": "no-store", "Pragma": "no-cache"}, "application/json")
    assert (ours.status_code, ours.body, ours.raw_headers) == (theirs.status_code, theirs.body, theirs.raw_headers)
    assert ours.headers["content-length"] == str(len(text.encode()))


def test_nobody_keeps_an_answer() -> None:
    assert json_of({}).headers["cache-control"] == "no-store"
