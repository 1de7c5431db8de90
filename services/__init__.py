"""The processes. Each main only wires settings, bus and library together."""

import gc

gc.disable()  # until `run_service`: what is imported is no garbage, and to look for any takes a twentieth of a start
