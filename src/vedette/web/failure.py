"""What an HTTP client's failure means, in words that hold no URL."""

from __future__ import annotations

import aiohttp


def explained(error: Exception) -> str:
    """Say what went wrong without the URL, which the library's own words may quote."""
    match error:
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            words = f"the certificate is not trusted: {cause}"
        case aiohttp.ClientConnectorDNSError(os_error=cause):
            words = f"the name does not resolve: {cause.strerror or cause}"
        case aiohttp.ClientConnectorError(os_error=cause):
            words = cause.strerror or str(cause)
        case aiohttp.ServerDisconnectedError():
            words = "the connection was closed before an answer"
        case aiohttp.ClientResponseError(message=message):
            words = f"the answer is not HTTP: {message}"
        case OSError():
            words = error.strerror or str(error)
        case _:
            words = type(error).__name__
    return words
