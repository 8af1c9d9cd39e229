#!/usr/bin/env bash
# Get an lsp-mode new enough for the editor tests, and print the folder of its packages.
#
#   install_lsp_mode.sh [FOLDER]
#
# On Debian, whatever the release, the packages of the suite that has it are unpacked into FOLDER,
# with those that it wants; they are Lisp, so any Emacs loads them. No root is needed, and nothing
# outside FOLDER is changed. It takes about 5 seconds the first time and none afterwards.
set -euo pipefail

wanted=10.0.0
suite=sid
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/infill-ls/editors/emacs/lsp-mode}

die() {
  echo "install_lsp_mode.sh: $*" >&2
  exit 1
}

# shellcheck source=tests/editors/debian.sh
. "$(dirname "$0")/debian.sh"

is_new_enough() {
  # Each package is a folder that is called by its version, as Emacs has them.
  at_least "$(find "$1/" -maxdepth 1 -name 'lsp-mode-[0-9]*' 2>/dev/null | sed 's/.*-//')"
}

if is_new_enough "$folder/packages"; then
  echo "$folder/packages"
  exit
fi

new_work
# Emacs would take the newest of what is there, which need not be whole.
rm -rf "$folder/root" "$folder/packages"
lists_of "$suite"
packages=$(apt-cache "${private[@]}" depends --recurse --no-recommends --no-suggests \
  --no-conflicts --no-breaks --no-replaces --no-enhances elpa-lsp-mode | grep '^elpa-' | sort -u)
# shellcheck disable=SC2086 # one word a package
unpack $packages
ln -s "$folder/root/usr/share/emacs/site-lisp/elpa-src" "$work/packages"
is_new_enough "$work/packages" || die "the lsp-mode of $suite is older than $wanted"
put packages
