"""The processes. Each main only wires settings, bus and library together."""
