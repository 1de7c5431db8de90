"""Who gets into the gallery: pictures and looks, and the gate that they pass."""
