"""Teaching a feature network the geometry of another one that knows faces, without labels."""
