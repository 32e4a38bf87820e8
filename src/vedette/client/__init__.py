"""A typed client of the HTTP API; it knows nothing of the service but its contract."""
