"""The published document of the API is the one that the code describes.

Must not know: any route.
"""

from __future__ import annotations

import json

from scripts import openapi


def test_the_published_document_is_that_of_the_code() -> None:
    """Who generates a client gets the API that is served."""
    assert openapi.DOCUMENT.read_text() == openapi.written(), "run: python -m scripts.openapi"


def test_no_name_of_the_document_is_a_path_of_the_code() -> None:
    """Two shapes of one name are told apart by their modules, which a generated client would wear."""
    names = json.loads(openapi.written())["components"]["schemas"]

    assert [name for name in names if "__" in name] == []
