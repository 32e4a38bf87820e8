"""Endpoints: where events go, what became of them, and once more."""
