#!/bin/sh
# Validate a manifest and write its plan as Markdown. Needs no key, no token, and without a store no network.
#
#   MANIFEST       the manifest, or its directory
#   ENVIRONMENT    the environment of it; may be empty
#   COMMIT         the commit that it is a plan of
#   PLAN           the file to write
#   COGVID_REMOTE  the shared store to ask for clips of colleagues; empty for none
set -eu

if [ -d "$MANIFEST" ]; then MANIFEST="$MANIFEST/cogvid.yaml"; fi
set -- ${ENVIRONMENT:+--env "$ENVIRONMENT"}

cogvid validate --format github "$@" -- "$MANIFEST"
cogvid plan --format markdown ${COGVID_REMOTE:+--remote} --file "$MANIFEST" "$@" >"$PLAN"
# A later commit may have mistakes and so no plan: the comment says what it is about.
printf '\nThe plan of commit %s.\n' "$COMMIT" >>"$PLAN"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$PLAN" >>"$GITHUB_STEP_SUMMARY"; fi
