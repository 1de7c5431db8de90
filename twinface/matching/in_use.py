"""Which head decides, and where the next one goes."""

from pathlib import Path

from twinface.matching.spec import HEAD_FILE

_DIGITS = 12


def head_place(configured: Path | None, gallery: Path, network: str) -> Path:
    """Where `twinface retrain` puts a head: the configured folder, else one in that of the gallery.

    It is named after the network with the fingerprint `network`, so that another network has another head.
    """
    return configured or gallery / f"head-{network[:_DIGITS]}"


def head_in_use(configured: Path | None, gallery: Path, network: str) -> Path | None:
    """The configured folder, else that of the head retrained from this gallery; None, the bundled head, where there
    is none.
    """
    place = head_place(configured, gallery, network)
    return place if configured or (place / HEAD_FILE).is_file() else None
