"""What happened and what people say of it: evidence, explanations, corrections, undo, forgetting."""
