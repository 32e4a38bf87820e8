"""The published document of the API is the one that the code describes.

Must not know: any route.
"""

from __future__ import annotations

from scripts import openapi


def test_the_published_document_is_that_of_the_code() -> None:
    """Who generates a client gets the API that is served."""
    assert openapi.DOCUMENT.read_text() == openapi.written(), "run: python -m scripts.openapi"
