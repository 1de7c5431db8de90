"""The boxes that this one works with: what it reads there, and what they may read here."""

from collections.abc import Iterator

from twinface.bus.far import FarSender
from twinface.bus.peer_keys import KeyFolder
from twinface.bus.relay import Offers
from twinface.errors import SettingsError
from twinface.messages.topics import CROPS, VECTORS
from twinface.processes import CAMERA, EXTRACTOR, camera_names, extractor_names
from twinface.settings import PeerSettings, Settings


def far_cameras(settings: Settings) -> list[FarSender]:
    """The cameras elsewhere whose crops the extractors of this box take on. Raises what `check_peers` raises."""
    return [
        far
        for peer in settings.peer
        for far in _senders(settings, peer, [f"{CAMERA.name}.{one}" for one in peer.crops])
    ]


def far_extractors(settings: Settings) -> list[FarSender]:
    """The extractors elsewhere that work for the matcher of this box. Raises what `check_peers` raises."""
    return [
        far
        for peer in settings.peer
        for far in _senders(settings, peer, [f"{EXTRACTOR.name}.{number}" for number in range(peer.extractors)])
    ]


def offers(settings: Settings) -> Offers:
    """What other boxes may read here, where they are let in."""
    return {CROPS: camera_names(settings), VECTORS: extractor_names(settings)}


def check_peers(settings: Settings) -> Iterator[str]:
    """Nothing to warn of. Raises SettingsError and its kin where a key is missing, or the relay they come back by."""
    if settings.peer and not settings.relay.listen:
        raise SettingsError("a [[peer]] reads here what comes of what this box reads there; set [relay] listen")
    if settings.relay.listen:
        KeyFolder(settings.keys_path).own()
    for peer in settings.peer:
        _senders(settings, peer, [""])
    yield from ()


def missing_keys(settings: Settings) -> list[str]:
    """A line for each peer whose key is not on the list any more."""
    allowed = KeyFolder(settings.keys_path).allowed()
    return [_no_key(peer) for peer in settings.peer if peer.name not in allowed]


def _senders(settings: Settings, peer: PeerSettings, origins: list[str]) -> list[FarSender]:
    if not origins:
        return []
    keys = KeyFolder(settings.keys_path)
    key = keys.allowed().get(peer.name)
    if key is None:
        raise SettingsError(_no_key(peer))
    own = keys.own()
    return [FarSender(peer.name, peer.address, key, own, origin) for origin in origins]


def _no_key(peer: PeerSettings) -> str:
    return f"peer {peer.name}: its key is not on the list; `twinface keys allow {peer.name} KEY`, as it shows it there"
