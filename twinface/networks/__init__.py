"""Crop to vector: feature networks behind one interface."""

from twinface.networks.feature_network import Network
from twinface.networks.recipe import NetworkRecipe, compute_fingerprint, read_recipe, write_recipe
from twinface.networks.registry import (
    available_networks,
    bundled_folder,
    describe_network,
    find_recipe,
    load_network,
    load_network_file,
    name_network,
)

__all__ = [
    "Network",
    "NetworkRecipe",
    "available_networks",
    "bundled_folder",
    "compute_fingerprint",
    "describe_network",
    "find_recipe",
    "load_network",
    "load_network_file",
    "name_network",
    "read_recipe",
    "write_recipe",
]
