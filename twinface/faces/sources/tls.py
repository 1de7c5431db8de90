"""Encryption to cameras, which have certificates that they made themselves."""

import ssl


def unverified_tls() -> ssl.SSLContext:
    """A context that takes any certificate, as FFmpeg does for the stream."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
