"""What may be wrong with a machine and a configuration, looked at one by one: `twinface doctor`."""
