#!/bin/sh
# Write the storyboard page, as far as there is one: with the clips that are here.
#
#   MANIFEST     the manifest, or its directory
#   ENVIRONMENT  the environment of it; may be empty
#   PAGE         the directory to write
set -eu

exec cogvid report --file "$MANIFEST" ${ENVIRONMENT:+--env "$ENVIRONMENT"} --out "$PAGE"
