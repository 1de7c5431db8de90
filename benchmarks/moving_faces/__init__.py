"""Sequences of real faces that move over a background, with ground truth, and figures of how they are tracked."""
