"""The vendors' APIs on this machine, for rehearsals and tests."""
