"""Training by synthesis, from label maps of heads to a package."""
