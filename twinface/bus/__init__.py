"""Sockets, credits, mailboxes, books: the only place that knows ZeroMQ."""
