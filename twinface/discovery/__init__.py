"""Cameras that are there: webcams of this machine, and cameras of the network that speak ONVIF."""
