"""What a run leaves behind while it goes: its folder, its curves, its checkpoint, and where else it is recorded."""
