"""What headers say about how an image is shown: tables, colours, shutters, overlay planes, distances, directions."""
