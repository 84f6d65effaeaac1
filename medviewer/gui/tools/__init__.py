"""Mouse tools, one file each."""
