"""Have clips say how they were made: a label in the file, and signed Content Credentials."""
