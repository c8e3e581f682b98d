#!/bin/sh
# Put a plan into its comment on a pull request: into the one that is there, or else into a new one.
#
#   PLAN               the file that `cogvid plan --format markdown` wrote
#   NUMBER             the number of the pull request
#   AUTHOR             the login that such comments have
#   GITHUB_REPOSITORY  owner/name, as GitHub Actions sets it
#   GH_TOKEN           a token that may write to pull requests
set -eu

# The first line is the same for each plan of a project; it goes into a query, so nothing else may be in it.
marker=$(head -n 1 "$PLAN" | grep -Ex '<!-- cogvid-plan [a-z0-9-]+( [a-z0-9_-]+)? -->') || {
  echo "error: $PLAN is no plan in Markdown" >&2
  exit 1
}
case "$NUMBER" in '' | *[!0-9]*) echo "error: '$NUMBER' is no number of a pull request" >&2 && exit 1 ;; esac
export AUTHOR

# Others may have written the same first line; only what the author wrote is edited.
# shellcheck disable=SC2016 -- $ENV is jq's
query='.[] | select(.user.login == $ENV.AUTHOR and (.body | startswith("'$marker'"))) | .id'
found=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" --jq "$query")
found=$(printf '%s\n' "$found" | head -n 1)
if [ -n "$found" ]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$found" --field "body=@$PLAN"
else
  gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" --field "body=@$PLAN"
fi
