"""The stages of the live pipeline without their sockets: messages in, messages out."""
