"""Use cases that the faces share: what a status shows, what a doctor asks."""
