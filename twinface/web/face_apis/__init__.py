"""Face APIs that programs speak already, answered by this box."""
