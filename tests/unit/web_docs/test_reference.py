"""The reference that is made from an OpenAPI document."""

from directca.web.docs.reference import FieldRow, Shape, reference, shape

DOCUMENT = {
    "paths": {
        "/api/thing/{name}": {
            "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
            "patch": {
                "tags": ["Things"],
                "summary": "Change",
                "description": "Change it.",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["size"],
                                "properties": {"size": {"type": "integer", "minimum": 1, "description": "How big."}},
                            }
                        }
                    }
                },
                "responses": {
                    "200": {
                        "description": "Done",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "404": {"description": "None"},
                },
            },
            "get": {"responses": {"200": {"description": "It"}}},
        }
    },
    "components": {
        "schemas": {"Thing": {"description": "A thing.", "properties": {"id": {"type": "string"}}, "required": ["id"]}}
    },
}


def test_operations_have_parameters_bodies_and_answers() -> None:
    made = reference(DOCUMENT)
    assert [group.title for group in made.groups] == ["Other", "Things"]
    change = made.groups[1].operations[0]
    assert (change.method, change.path, change.anchor) == ("PATCH", "/api/thing/{name}", "patch-api-thing-name")
    assert [(row.name, row.where, row.required) for row in change.parameters] == [("name", "path", True)]
    assert change.bodies[0].fields == (FieldRow("size", "body", True, Shape("integer (from 1)"), "How big."),)
    assert [(answer.status, answer.description) for answer in change.answers] == [("200", "Done"), ("404", "None")]
    assert change.answers[0].bodies[0].shape == Shape("Thing", "Thing")
    assert change.answers[0].bodies[0].fields == ()


def test_named_objects_are_shown_once() -> None:
    (thing,) = reference(DOCUMENT).schemas
    assert (thing.name, thing.description) == ("Thing", "A thing.")
    assert thing.fields == (FieldRow("id", "body", True, Shape("string"), ""),)


def test_fields_within_a_field_are_shown_below_it() -> None:
    inner = {"type": "object", "description": "Who.", "properties": {"name": {"type": "string", "maxLength": 64}}}
    schema = {"properties": {"subject": {"anyOf": [inner, {"type": "null"}]}, "note": {"type": "string"}}}
    content = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    (group,) = reference({"paths": {"/x": {"post": content}}}).groups
    assert group.operations[0].bodies[0].fields == (
        FieldRow("subject", "body", False, Shape("object or null"), "Who."),
        FieldRow("subject.name", "body", False, Shape("string (up to 64 characters)"), ""),
        FieldRow("note", "body", False, Shape("string"), ""),
    )


def test_types_in_words() -> None:
    thing = {"$ref": "#/components/schemas/Thing"}
    assert shape({"type": "array", "items": thing}) == Shape("list of Thing", "Thing")
    assert shape({"anyOf": [thing, {"type": "null"}]}) == Shape("Thing or null", "Thing")
    assert shape({"enum": ["a", "b"]}) == Shape("one of a, b")
    assert shape({"const": "code"}) == Shape("always code")
    assert shape({"type": ["string", "null"], "format": "date-time"}) == Shape("string or null (date-time)")
    assert shape({}) == Shape("any value")


def test_an_empty_document_is_an_empty_reference() -> None:
    assert reference({}) == reference({"paths": {}})
    assert reference({}).groups == ()
