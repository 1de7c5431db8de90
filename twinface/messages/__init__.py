"""The topics, what stands in their messages, and how a message becomes frames. No sockets here."""
