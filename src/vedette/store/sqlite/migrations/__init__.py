"""The numbered steps from an empty file to the newest shape, each one a transaction."""
