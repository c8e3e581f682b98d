"""The variables of the environment that signing goes by."""

# The private key to sign with, or the path of its file.
SIGNING_KEY = "COGVID_SIGNING_KEY"

# The address of a time-stamping authority (RFC 3161).
TIME_STAMPS = "COGVID_TSA"
