"""A gallery looked through: the thresholds it carries, what they do in it, and the pictures that want a look."""
