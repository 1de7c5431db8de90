"""Finds what travels with the package and stands beside it in a checkout: config/, services/ and supervisord.conf."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IS_CHECKOUT = (_PACKAGE.parent / "pyproject.toml").is_file()

SERVICES = "services" if _IS_CHECKOUT else "twinface._packaged.services"
"""The package of the mains. Installed, it must not take a name that any other package may have, too."""


def packaged_path(relative: str) -> Path:
    """Absolute path of `relative` ("config/pipeline.toml", "supervisord.conf").

    In a checkout or an editable install the files stand beside the package; a wheel carries them inside it.
    """
    return _PACKAGE.parent / relative if _IS_CHECKOUT else _PACKAGE / "_packaged" / relative
