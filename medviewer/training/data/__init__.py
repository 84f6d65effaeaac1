"""From folders to examples: finding, reading, cleaning, splitting by subject."""
