"""Compares what the client says of an operation with what the OpenAPI document says.

A difference is a line that names the operation and the member. It must not know any operation.
"""

from __future__ import annotations

import inspect
import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, is_dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import vedette.client
from vedette.client.operation import Form, Operation
from vedette.client.shape import Unset, known_fields
from vedette.secret import Secret

DOCUMENT: Final[Mapping[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "openapi.json").read_text()
)

#: What a scalar of the client is in JSON.
_SCALARS: Final[Mapping[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    datetime: "string",
    Secret[str]: "string",
}


def modules() -> list[ModuleType]:
    """Return every module of the client."""
    return [
        import_module(each.name)
        for each in pkgutil.iter_modules(vedette.client.__path__, "vedette.client.")
    ]


def operations() -> dict[str, Operation[Any]]:
    """Return every operation of the client by its method and path."""
    return {
        f"{each.method} {each.path}": each
        for module in modules()
        for each in vars(module).values()
        if isinstance(each, Operation)
    }


def described() -> dict[str, Mapping[str, Any]]:
    """Return every operation of the document by its method and path."""
    return {
        f"{method.upper()} {path}": told
        for path, methods in DOCUMENT["paths"].items()
        for method, told in methods.items()
    }


def asked() -> set[str]:
    """Return the operations that some method of the client asks."""
    found = set()
    for module in modules():
        known = {name: each for name, each in vars(module).items() if isinstance(each, Operation)}
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ != module.__name__:
                continue
            for _, method in inspect.getmembers(kind, inspect.isfunction):
                names = set(inspect.unwrap(method).__code__.co_names)
                found |= {
                    f"{each.method} {each.path}" for name, each in known.items() if name in names
                }
    return found


def differences(operation: Operation[Any], told: Mapping[str, Any]) -> list[str]:
    """Return what the client and the document do not say alike."""
    return [
        *_parameters(operation, told),
        *_body(operation, told),
        *_answer(operation, told),
    ]


def _parameters(operation: Operation[Any], told: Mapping[str, Any]) -> Iterator[str]:
    places: dict[str, set[str]] = {"query": set(), "header": set(), "path": set()}
    for each in told.get("parameters", []):
        places[each["in"]].add(each["name"])
    if places["query"] != set(operation.query):
        yield f"query: {sorted(places['query'] ^ set(operation.query))}"
    if places["path"] != {part[1:-1] for part in operation.path.split("/") if part[:1] == "{"}:
        yield f"path: {sorted(places['path'])}"
    expected = set(operation.headers)
    if operation.is_versioned:
        expected.add("If-Match")
    if operation.method == "POST" and operation.path.startswith("/v1/"):
        expected.add("Idempotency-Key")
    if places["header"] != expected:
        yield f"headers: {sorted(places['header'] ^ expected)}"


def _body(operation: Operation[Any], told: Mapping[str, Any]) -> Iterator[str]:
    content = told.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None or operation.wish is None:
        if (content is None) != (operation.wish is None):
            yield "the body is on one side alone"
        return
    yield from _fits(operation.wish, content["schema"], "body", is_wish=True)


def _answer(operation: Operation[Any], told: Mapping[str, Any]) -> Iterator[str]:
    [good] = [each for status, each in told["responses"].items() if status.startswith("2")]
    content = good.get("content", {})
    match operation.form:
        case Form.NOTHING:
            if content:
                yield "it answers something"
        case Form.OCTETS:
            if any("$ref" in each["schema"] for each in content.values()):
                yield "it answers a noun"
        case Form.ONE:
            yield from _fits(operation.answer, content["application/json"]["schema"], "answer")
        case Form.LIST:
            schema = _resolved(content["application/json"]["schema"])
            yield from _fits(operation.answer, schema["items"], "answer")
        case Form.PAGE:
            schema = _resolved(content["application/json"]["schema"])
            if not {"items", "next"} <= set(schema["properties"]):
                yield "it answers no page"
                return
            yield from _fits(operation.answer, schema["properties"]["items"]["items"], "answer")


def _fits(
    hint: Any, schema: Mapping[str, Any], where: str, *, is_wish: bool = False
) -> Iterator[str]:
    """Yield where a type of the client does not fit a schema."""
    kinds = _kinds(hint)
    is_nullable = NoneType in kinds
    kinds = [each for each in kinds if each not in {NoneType, Unset}]
    if Any in kinds:
        return
    known = _resolved(schema)
    if where not in {"body", "answer"} and is_nullable != _is_nullable(schema):
        yield f"{where}: it may be null on one side alone"
    if len(kinds) > 1 or "anyOf" in known:
        if len(kinds) != len(known.get("anyOf", [known])):
            yield f"{where}: it is one of {kinds} here"
        return
    yield from _matches(kinds[0], known, where, is_wish=is_wish)


def _matches(kind: Any, known: Mapping[str, Any], where: str, *, is_wish: bool) -> Iterator[str]:
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        yield from _members(kind, known, where, is_wish=is_wish)
        return
    type_ = {tuple: "array", Mapping: "object"}.get(origin) or _SCALARS[kind]
    if known.get("type") != type_:
        yield f"{where}: {type_} here, {known.get('type')} there"
    elif origin is tuple:
        yield from _fits(inner[0], known["items"], f"{where}[]", is_wish=is_wish)
    elif isinstance(values := known.get("additionalProperties"), dict):
        yield from _fits(inner[1], values, f"{where}.*", is_wish=is_wish)
    elif (kind is datetime) != (known.get("format") == "date-time"):
        yield f"{where}: an instant on one side alone"


def _members(noun: Any, schema: Mapping[str, Any], where: str, *, is_wish: bool) -> Iterator[str]:
    ours, theirs = known_fields(noun), schema.get("properties", {})
    for name in sorted(set(ours) ^ set(theirs)):
        yield f"{where}.{name}: {'not here' if name in theirs else 'not in the document'}"
    hints = get_type_hints(noun)
    needed = set(schema.get("required", []))
    for name in sorted(set(ours) & set(theirs)):
        field = ours[name]
        is_needed = field.default is MISSING and field.default_factory is MISSING
        if (
            is_needed != (name in needed)
            and (is_wish or is_needed)
            and "default" not in theirs[name]
        ):
            yield f"{where}.{name}: it is needed on one side alone"
        yield from _fits(hints[field.name], theirs[name], f"{where}.{name}", is_wish=is_wish)


def _kinds(hint: Any) -> list[Any]:
    return list(get_args(hint)) if get_origin(hint) in {Union, UnionType} else [hint]


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema without references, and without the null beside it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _resolved(DOCUMENT["components"]["schemas"][name])
    if "oneOf" in schema:
        # The first is the form that a program sends.
        return _resolved(schema["oneOf"][0])
    if "anyOf" in schema:
        left = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return _resolved(left[0]) if len(left) == 1 else {**schema, "anyOf": left}
    return schema


def _is_nullable(schema: Mapping[str, Any]) -> bool:
    return any(each.get("type") == "null" for each in schema.get("anyOf", [])) or (
        not schema.keys() & {"type", "anyOf", "$ref", "const", "enum"}
    )
