"""Commands that measure: evaluation and calibration."""
