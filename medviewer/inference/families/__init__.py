"""How each family of models is run: one file a family."""
