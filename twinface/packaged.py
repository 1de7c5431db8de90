"""Finds the files that travel with the package: config/ and supervisord.conf."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def packaged_path(relative: str) -> Path:
    """Absolute path of `relative` ("config/pipeline.toml", "supervisord.conf").

    In a checkout or an editable install the files stand beside the package; a wheel carries them inside it.
    """
    beside = _PACKAGE.parent / relative
    return beside if (_PACKAGE.parent / "pyproject.toml").is_file() else _PACKAGE / "_packaged" / relative
