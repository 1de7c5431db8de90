"""Building, training and exporting networks and heads: the only room that imports TensorFlow."""
