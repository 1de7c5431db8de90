"""`twinface keys`: which boxes may reach this one, and by which key they know it."""
