"""The revisions, oldest first; each states what it follows."""
