#!/bin/sh
# Put the clips of the lock into the shared store, however the run before ended: colleagues need not pay for them.
#
#   MANIFEST       the manifest, or its directory
#   ENVIRONMENT    the environment of it; may be empty
#   COGVID_REMOTE  the shared store
set -eu

exec cogvid push --file "$MANIFEST" ${ENVIRONMENT:+--env "$ENVIRONMENT"}
