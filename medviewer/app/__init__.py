"""Use cases and the state of a reading session; no Qt, no typer."""
