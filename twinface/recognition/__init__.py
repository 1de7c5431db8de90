"""Picture to faces to vectors to names: what the commands and the services share."""
