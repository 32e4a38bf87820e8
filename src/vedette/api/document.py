"""The OpenAPI document: what FastAPI finds in the routes, with what is true of all of them added.

It must not know any route.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from vedette.api.answers import example
from vedette.api.examples import EXAMPLES
from vedette.api.problems import MEDIA, TABLE

#: What a problem looks like (RFC 9457).
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457). Codes are for machines and do not change.",
    "properties": {
        "type": {"type": "string", "description": "`urn:vedette:problem:` and the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One line for a person."},
        "code": {"type": "string", "description": f"One of {', '.join(f'`{c}`' for c in TABLE)}, or that of what failed elsewhere."},
        "instance": {"type": "string", "description": "This one occurrence, as the log names it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "why": {"type": "string"}},
                "required": ["field", "why"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}  # fmt: skip

_ANSWER: Final = {
    "description": "A problem.",
    "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key, the request has its effect once, for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def install(app: FastAPI) -> None:
    """Let the app describe itself so."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _exemplify(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Give each answer of an operation that is JSON an example."""
    for status, answer in operation["responses"].items():
        told = answer.get("content", {}).get("application/json")
        if status.startswith("2") and told is not None:
            told.setdefault("example", example(told["schema"], schemas))


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _ANSWER
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None and operation["operationId"] in EXAMPLES:
                body["example"] = EXAMPLES[operation["operationId"]]
            _exemplify(operation, schemas)
            if method == "post" and path.startswith("/v1/"):
                operation.setdefault("parameters", []).append(_KEY)
    return document
