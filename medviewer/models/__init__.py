"""Model packages: manifest, opening and verifying, what is installed and what fits a series."""
