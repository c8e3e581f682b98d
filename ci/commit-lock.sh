#!/bin/sh
# Commit the lock and push it, however the run before ended: it names the clips that are paid for.
#
#   MANIFEST     the manifest, or its directory
#   ENVIRONMENT  the environment of it; may be empty
#   BRANCH       the branch to push to
set -eu

as_committer() {
  git -c user.name=cogvid -c user.email=cogvid@example.com "$@"
}

if [ -d "$MANIFEST" ]; then MANIFEST="$MANIFEST/cogvid.yaml"; fi
lock="${MANIFEST%.*}${ENVIRONMENT:+.$ENVIRONMENT}.lock"
if [ -n "${GITHUB_OUTPUT:-}" ]; then printf 'path=%s\n' "$lock" >>"$GITHUB_OUTPUT"; fi
if [ ! -e "$lock" ]; then
  echo "There is no $lock: nothing was made."
  exit 0
fi

git add --force -- "$lock"
if git diff --cached --quiet -- "$lock"; then
  echo "$lock is as it was."
  exit 0
fi
as_committer commit --quiet --message "Record the clips of $MANIFEST" -- "$lock"

for attempt in 1 2 3; do
  if git push --quiet origin "HEAD:refs/heads/$BRANCH"; then exit 0; fi
  git fetch --quiet origin "$BRANCH"
  if git merge-base --is-ancestor FETCH_HEAD HEAD; then
    echo "error: the push was refused although nobody else has pushed: may this token push to $BRANCH?" >&2
    exit 1
  fi
  echo "Somebody else has pushed; taking that in (attempt $attempt)." >&2
  as_committer rebase --quiet --autostash FETCH_HEAD || {
    git rebase --abort || true
    echo "error: $lock was changed there as well; merge it from the artefact, or run apply again" >&2
    exit 1
  }
done
echo "error: $lock could not be pushed; it is in the artefact" >&2
exit 1
