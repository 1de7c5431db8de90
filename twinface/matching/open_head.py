"""From a head's folder to a head that scores, and to all that is to be known of it before it does."""

from dataclasses import dataclass
from pathlib import Path

from twinface.errors import FingerprintError
from twinface.files import FileState
from twinface.matching.head import Head, MetricHead
from twinface.matching.head_folder import built_in_head, head_fingerprint, head_in_use, head_state, read_spec
from twinface.matching.head_spec import SFACE_SCALE, cosine_spec
from twinface.matching.layers import FoldedHead, LayeredHead, fold, read_custom_head, read_layers
from twinface.matching.plda import read_plda_head
from twinface.matching.threshold import Threshold, choose_threshold
from twinface.settings import MatchingSettings


@dataclass(frozen=True, slots=True, eq=False)
class OpenHead:
    """A head as it was when it was opened, from its `folder`: None of the bundled one, and of plain cosine.

    `threshold` is that of the settings and the head; the people of a gallery may bring another (`Known.threshold`).
    `fingerprint` changes with the files that it decides by. `warning` says why its scores mean nothing, and is empty
    where they do.
    """

    head: Head
    folder: Path | None
    threshold: Threshold
    fingerprint: str
    warning: str
    state: FileState | None

    def is_in(self, folder: Path | None) -> bool:
        """Whether it is the head that a folder holds now."""
        return folder == self.folder and head_state(folder) == self.state


def open_head(folder: Path | None, network: str, settings: MatchingSettings, network_name: str = "") -> OpenHead:
    """The head in a folder, for vectors of the network with this fingerprint; None is the bundled one for it.

    `network_name` is what the warning calls the network. Raises ArtefactError or FingerprintError as `load_head` does.
    """
    state = head_state(folder)
    head = load_head(folder, network)
    threshold = choose_threshold(settings, head.spec)
    warning = "" if folder or built_in_head(network) else _missing_head_warning(network_name or network[:12])
    return OpenHead(head, folder, threshold, head_fingerprint(folder, head.spec), warning, state)


def open_head_in_use(
    configured: Path | None, gallery: Path, network: str, settings: MatchingSettings, network_name: str = ""
) -> OpenHead:
    """The head that decides in a gallery: the configured one, else the one retrained from it, else the bundled one.

    As `open_head` otherwise.
    """
    return open_head(head_in_use(configured, gallery, network), network, settings, network_name)


def _missing_head_warning(network_name: str) -> str:
    return (
        f"no head is bundled for the network {network_name!r}, and plain cosine is scaled for sface: strangers"
        " may get names; train a head with `twinface train` and set it as `head`"
    )


def load_head(folder: Path | None, network: str) -> Head:
    """The head in a folder, for vectors of the network with this fingerprint; None is the bundled one for it.

    Where none is bundled it is plain cosine, scaled for SFace: its order is right, its scores are not.
    Raises ArtefactError (missing, damaged, another format) or FingerprintError (trained on another network).
    """
    folder = folder or built_in_head(network)
    if folder is None:
        return MetricHead(cosine_spec(network), SFACE_SCALE)
    spec = read_spec(folder)
    if spec.network != network:
        raise FingerprintError(
            f"{folder}: this head is for the network {spec.network_name or '?'} ({spec.network[:12]}), the vectors are "
            f"of {network[:12]}; train it again on features of the network in use, or name its own with --network"
        )
    if spec.scale is not None and spec.architecture == "metric":
        return MetricHead(spec, spec.scale)
    if spec.architecture == "plda":
        return read_plda_head(folder, spec)
    if spec.architecture == "custom":
        return read_custom_head(folder, spec)
    layers = read_layers(folder, spec)
    folded = fold(layers)
    return FoldedHead(spec, *folded) if folded else LayeredHead(spec, layers)
