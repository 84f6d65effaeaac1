"""Running models: the host process, the client that watches it, the protocol between them."""
