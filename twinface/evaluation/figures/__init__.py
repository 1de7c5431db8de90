"""The measures: error rates, thresholds and intervals over people, of scores and nothing else."""
