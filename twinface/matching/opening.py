"""From a head's folder to a head that scores."""

from pathlib import Path

from twinface.errors import FingerprintError
from twinface.matching.head_folder import built_in_head, read_spec
from twinface.matching.heads import Head, MetricHead
from twinface.matching.layers import FoldedHead, LayeredHead, fold, read_custom_head, read_layers
from twinface.matching.plda import read_plda_head
from twinface.matching.spec import SFACE_SCALE, cosine_spec


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
