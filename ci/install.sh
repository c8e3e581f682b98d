#!/bin/sh
# Install cogvid, with what the ledger and the shared store want.
#
#   LEDGER  not empty when the ledger is in PostgreSQL
#   REMOTE  the address of the shared store; may be empty
set -eu

extras=${LEDGER:+postgres} package=
case "$REMOTE" in
  s3://*) extras="${extras:+$extras,}s3" ;;
  gs://*) package=gcsfs ;;
  az://*) package=adlfs ;;
esac

# -I: a checkout may have a venv.py of its own.
python -I -m venv "$RUNNER_TEMP/cogvid"
"$RUNNER_TEMP/cogvid/bin/pip" install --quiet --disable-pip-version-check \
  "$GITHUB_ACTION_PATH${extras:+[$extras]}" ${package:+"$package"}
echo "$RUNNER_TEMP/cogvid/bin" >>"$GITHUB_PATH"
