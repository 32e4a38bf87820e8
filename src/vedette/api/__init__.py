"""The HTTP API: a thin face over ``vedette.service``."""
