"""The tasks that the engine trains, one for each kind of recipe."""
