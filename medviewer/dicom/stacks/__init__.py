"""The files of a series into stacks: what belongs together, in which order, and what parts it."""
