"""What is kept on disk: settings, paths, decisions."""
