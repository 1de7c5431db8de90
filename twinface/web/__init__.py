"""The page: who is there now, what each camera sees, how the processes are. An ASGI app and its static files."""
