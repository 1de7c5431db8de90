from corrected_box import box, config, faces
from reviewed_box import review_box

__all__ = ["box", "config", "faces", "review_box"]
