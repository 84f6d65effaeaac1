"""Pages for what is no stack of images."""
