#!/usr/bin/env bash
# Get the tabby-agent that replay.py compares with, and print the path of its program.
#
#   install_tabby_agent.sh [FOLDER]
#
# It goes into FOLDER, from the npm registry, and nothing outside FOLDER is changed. No script of a
# package is run. Node 18 or newer starts it. It takes about 5 seconds the first time and none
# afterwards.
set -euo pipefail

version=1.5.0
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/infill-ls/peers}
program=$folder/node_modules/tabby-agent/dist/cli.js

is_installed() {
  [ -f "$program" ] && grep -qs "\"version\": \"$version\"" "${program%/dist/*}/package.json"
}

if ! is_installed; then
  mkdir -p "$folder"
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --save-exact \
    "tabby-agent@$version" >&2
fi
echo "$program"
