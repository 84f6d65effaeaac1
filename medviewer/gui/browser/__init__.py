"""The study browser."""
