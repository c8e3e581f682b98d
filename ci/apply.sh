#!/bin/sh
# Apply a manifest; the exit code is that of `cogvid apply`. The key of the vendor is in the environment.
#
#   MANIFEST     the manifest, or its directory
#   ENVIRONMENT  the environment of it; may be empty
#   MAX_COST     what the run may cost at most; may be empty
set -eu

# With exec the signal of a cancelled job reaches cogvid, which then finishes and records what it submitted.
exec cogvid apply --yes --file "$MANIFEST" \
  ${ENVIRONMENT:+--env "$ENVIRONMENT"} ${MAX_COST:+--max-cost "$MAX_COST"}
