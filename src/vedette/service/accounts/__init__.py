"""Tenants and their accounts: registered, changed, paused, imported, and how they are doing."""
