"""What is compared with what: features, lists of pairs, galleries, held-out people."""
