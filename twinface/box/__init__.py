"""The processes of one box: how each starts and stops, how they are watched, and what they did."""
