"""One file for each resource: what its routes are, and which use case each of them calls."""
