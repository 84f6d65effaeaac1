"""Decoders of compressed pixel data: one file a backend, one table that chooses."""
