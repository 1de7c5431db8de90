"""`twinface webhooks`: what is brought to others, and what they did not take."""
