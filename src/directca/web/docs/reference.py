"""The reference, made from the OpenAPI document of the running program: what the page says is what the server does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of a value in words, and the named schema behind it if it has one."""

    words: str
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of a body, or one parameter."""

    name: str
    where: str
    required: bool
    shape: Shape
    description: str


@dataclass(frozen=True, slots=True)
class Body:
    """What a request or an answer carries, in one media type."""

    media_type: str
    shape: Shape
    fields: tuple[FieldRow, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an operation."""

    status: str
    description: str
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[FieldRow, ...]
    bodies: tuple[Body, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations under one heading."""

    title: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """A named object that several operations share."""

    name: str
    description: str
    fields: tuple[FieldRow, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole reference."""

    groups: tuple[Group, ...]
    schemas: tuple[Schema, ...]


def reference(document: Json) -> Reference:
    """The reference of an OpenAPI 3.1 document."""
    schemas: Json = document.get("components", {}).get("schemas", {})
    grouped: dict[str, list[Operation]] = {}
    for path, item in document.get("paths", {}).items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if method in item:
                title = (item[method].get("tags") or ["Other"])[0]
                grouped.setdefault(title, []).append(_operation(method, path, item[method], shared, schemas))
    named = tuple(
        Schema(name=name, description=schema.get("description", ""), fields=_fields(schema, schemas))
        for name, schema in sorted(schemas.items())
    )
    return Reference(groups=tuple(Group(title, tuple(rows)) for title, rows in grouped.items()), schemas=named)


def _operation(method: str, path: str, item: Json, shared: list[Json], schemas: Json) -> Operation:
    parameters = tuple(_parameter(parameter) for parameter in [*shared, *item.get("parameters", [])])
    answers = item.get("responses", {}).items()
    return Operation(
        anchor=anchor(method, path),
        method=method.upper(),
        path=path,
        summary=item.get("summary", ""),
        description=item.get("description", ""),
        parameters=parameters,
        bodies=_bodies(item.get("requestBody", {}), schemas),
        answers=tuple(Answer(status, answer.get("description", ""), _bodies(answer, schemas)) for status, answer in answers),
    )


def anchor(method: str, path: str) -> str:
    """The anchor of an operation on the page."""
    return "-".join([method.lower(), *(part.strip("{}").lower() for part in path.split("/") if part)])


def _parameter(parameter: Json) -> FieldRow:
    return FieldRow(
        name=parameter["name"],
        where=parameter["in"],
        required=parameter.get("required", False),
        shape=shape(parameter.get("schema", {})),
        description=parameter.get("description") or parameter.get("schema", {}).get("description", ""),
    )


def _bodies(holder: Json, schemas: Json) -> tuple[Body, ...]:
    return tuple(
        Body(media_type=media_type, shape=shape(content.get("schema", {})), fields=_unnamed(content.get("schema", {}), schemas))
        for media_type, content in holder.get("content", {}).items()
    )


def _unnamed(schema: Json, schemas: Json) -> tuple[FieldRow, ...]:
    """The fields of a schema that has no name of its own; a named one is shown once, further down the page."""
    return () if "$ref" in schema else _fields(schema, schemas)


def _fields(schema: Json, schemas: Json, before: str = "") -> tuple[FieldRow, ...]:
    merged = tuple(_parts(schema, schemas))
    required = {name for part in merged for name in part.get("required", [])}
    return tuple(
        row
        for part in merged
        for name, value in part.get("properties", {}).items()
        for row in _field(before + name, value, schemas, required=name in required)
    )


def _field(name: str, value: Json, schemas: Json, *, required: bool) -> Iterator[FieldRow]:
    """The field, and below it the fields of an object that has no name of its own."""
    yield FieldRow(name=name, where="body", required=required, shape=shape(value), description=_description(value))
    for choice in (value, *_choices(value)):
        if "properties" in choice:
            yield from _fields(choice, schemas, f"{name}.")


def _description(value: Json) -> str:
    """What is said about the value, or about the one choice of it that says something."""
    return next((each["description"] for each in (value, *_choices(value)) if each.get("description")), "")


def _choices(value: Json) -> tuple[Json, ...]:
    return tuple(value.get("anyOf") or value.get("oneOf") or ())


def _parts(schema: Json, schemas: Json) -> Iterator[Json]:
    """The schema and every schema that it takes in by allOf."""
    yield schema
    for part in schema.get("allOf", []):
        yield from _parts(schemas.get(_name(part["$ref"]), {}) if "$ref" in part else part, schemas)


def shape(schema: Json) -> Shape:
    """The type of a schema in words."""
    if "$ref" in schema:
        name = _name(schema["$ref"])
        return Shape(name, name)
    choices = _choices(schema)
    if choices:
        shapes = [shape(choice) for choice in choices]
        return Shape(" or ".join(each.words for each in shapes), next((each.schema for each in shapes if each.schema), None))
    if "enum" in schema:
        return Shape("one of " + ", ".join(str(value) for value in schema["enum"]))
    if "const" in schema:
        return Shape(f"always {schema['const']}")
    kind = schema.get("type", "any value")
    if kind == "array":
        each = shape(schema.get("items", {}))
        return Shape(f"list of {each.words}", each.schema)
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return Shape(words + _bounds(schema))


def _bounds(schema: Json) -> str:
    """Format and limits, in brackets."""
    notes = [words.format(schema[key]) for key, words in _LIMITS if key in schema]
    return f" ({', '.join(notes)})" if notes else ""


_LIMITS = (
    ("format", "{}"),
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("maxLength", "up to {} characters"),
    ("pattern", "like {}"),
)


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]
