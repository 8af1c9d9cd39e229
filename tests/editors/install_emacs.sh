#!/usr/bin/env bash
# Get an Emacs new enough for the editor tests, and print the path that starts it.
#
#   install_emacs.sh [FOLDER]
#
# An Emacs on PATH is used where it is new enough. On Debian, the packages of this release, or of
# its backports, are unpacked into FOLDER otherwise. Its lsp-mode is got beside it. No root is needed,
# and nothing outside FOLDER is changed; but tmux, where there is none on PATH, is installed by apt,
# as root. It takes about 15 seconds the first time and none afterwards.
set -euo pipefail

wanted=30.1
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/infill-ls/editors/emacs}

die() {
  echo "install_emacs.sh: $*" >&2
  exit 1
}

if ! command -v tmux >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    die "no tmux on PATH, and only root can install Debian's: install it yourself"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update && apt-get -qq install --no-install-recommends tmux; } >&2
fi

# shellcheck source=tests/editors/debian.sh
. "$(dirname "$0")/debian.sh"

is_new_enough() {
  at_least "$("$1" --version 2>/dev/null | sed -n '1s/^GNU Emacs //p')"
}

get_lsp_mode() {
  bash "$(dirname "$0")/install_lsp_mode.sh" "$folder/lsp-mode" >/dev/null
}

for candidate in emacs "$folder/emacs"; do
  if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
    command -v "$candidate"
    get_lsp_mode
    exit
  fi
done

new_work
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# What is installed is known, so that only what is missing is fetched; backports are as good.
cp /var/lib/dpkg/status "$work/status"
printf 'Package: *\nPin: release n=%s\nPin-Priority: 500\n' "$release-backports" >"$work/preferences"
lists_of "$release" "$release-backports"
packages=$(apt-get "${private[@]}" --no-install-recommends --simulate install emacs-nox |
  sed -n 's/^Inst \([^ ]*\) .*/\1/p')
# shellcheck disable=SC2086 # one word a package
unpack $packages

# Emacs was built to be in /usr, and finds nothing of its own elsewhere unless it is told. The
# language servers that it starts inherit the path of its libraries, which are of this release.
usr=$folder/root/usr
version=$(basename "$usr"/share/emacs/[0-9]*)
internals=$(echo "$usr/libexec/emacs/$version"/*)
libraries=$(echo "$usr"/lib/*-linux-*)
cat >"$work/emacs" <<WRAPPER
#!/usr/bin/env bash
export EMACSDATA='$usr/share/emacs/$version/etc' EMACSDOC='$usr/share/emacs/$version/etc'
export EMACSPATH='$internals'
EMACSLOADPATH=\$(find '$usr/share/emacs/$version/lisp' -type d | paste -sd:)
export EMACSLOADPATH
export LD_LIBRARY_PATH='$libraries'
exec '$usr/bin/emacs-nox' --dump-file='$(echo "$internals"/*.pdmp)' "\$@"
WRAPPER
chmod +x "$work/emacs"
is_new_enough "$work/emacs" || die "the Emacs of this release does not start or is older than $wanted"
put emacs
get_lsp_mode
