"""Whose secrets are whose, how they are kept, and how a login comes by them."""
