"""The tables of recipes, one file a kind, and reading any recipe by its ``kind``."""
