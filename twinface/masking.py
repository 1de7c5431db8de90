"""Passwords and tokens are shown nowhere: not in a table, a message or a log."""

import re

_MASK = "***"
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):.*@")
_IN_QUERY = re.compile(r"([?&;][^=&;]*(?:pas|pwd|token|key|secret|auth)[^=&;]*=)[^&;#]*", re.IGNORECASE)
_IN_PATH = re.compile(r"(?<=[/_,;&])([^=/?#_,;&]*(?:pas|pwd|token|key|secret|auth)[^=/?#]*=)[^/?#]*", re.IGNORECASE)
"""As in /user=admin_password=…_channel=1; where such a password ends is unknown."""
_NAME = re.compile(r"pass(word|phrase)|token|secret")


def mask_address(text: str) -> str:
    """A source or URL as it may be shown: without the password of its user and those in its path and query."""
    text = _PASSWORD.sub(rf"\1:{_MASK}@", text)
    scheme, separator, rest = text.partition("://")
    path, question, query = rest.partition("?")
    shown = _IN_PATH.sub(rf"\1{_MASK}", path) + _IN_QUERY.sub(rf"\1{_MASK}", question + query)
    return scheme + separator + shown


def mask_setting(name: str, value: object) -> object:
    """The value of a setting as it may be shown; `name` is its own, such as "token" or "source"."""
    if not isinstance(value, str) or not value:
        return value
    return _MASK if _NAME.search(name) and not name.endswith("_file") else mask_address(value)
