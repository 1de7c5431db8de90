from sent_events import path, store

__all__ = ["path", "store"]
