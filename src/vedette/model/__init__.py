"""The nouns that every floor above shares: accounts, folders, cursors, events, deliveries.

They are frozen values. Instants are seconds since the Unix epoch, UTC, as floats.
"""
