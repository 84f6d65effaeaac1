"""From model output to findings."""
