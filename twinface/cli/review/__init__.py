"""Commands on what happened: events, explanations, corrections."""
