from corrected_box import box, config, faces

__all__ = ["box", "config", "faces"]
