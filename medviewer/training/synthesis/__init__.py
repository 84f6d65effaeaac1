"""Images of heads made from label maps."""
