"""OAuth 2.0: apps, consents, and the access tokens that mail servers take (RFC 6749, RFC 9700)."""
