"""`twinface notify`: who is notified of what happened."""
