"""OAuth 2.0: the apps of tenants, and the ways to a consent."""
