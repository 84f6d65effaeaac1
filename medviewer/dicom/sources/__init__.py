"""Where bytes come from: files, folders, ZIPs, gzipped files, and the directory of a disc."""
