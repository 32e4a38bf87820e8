"""Accounts that a host application keeps in a table of its own."""
