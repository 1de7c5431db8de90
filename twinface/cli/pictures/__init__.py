"""Commands on pictures: faces cut out, vectors extracted, people identified."""
