#!/usr/bin/env bash
# Get a Neovim new enough for the editor tests, and print the path that starts it.
#
#   install_nvim.sh [FOLDER]
#
# A Neovim on PATH is used where it is new enough. On Debian, whatever the release, the packages of
# the unstable suite are unpacked into FOLDER otherwise; nothing outside FOLDER is changed and no
# root is needed. It takes about 10 seconds the first time and none afterwards.
set -euo pipefail

wanted=0.12
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/infill-ls/editors/nvim}

die() {
  echo "install_nvim.sh: $*" >&2
  exit 1
}

# shellcheck source=tests/editors/debian.sh
. "$(dirname "$0")/debian.sh"

is_new_enough() {
  at_least "$("$1" --version 2>/dev/null | sed -n '1s/^NVIM v//p')"
}

for candidate in nvim "$folder/nvim"; do
  if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
    command -v "$candidate"
    exit
  fi
done

new_work
lists_of sid
# Names of libraries change with their versions, so the list is asked for, never written down.
packages=$(apt-cache "${private[@]}" depends --recurse --no-recommends --no-suggests \
  --no-conflicts --no-breaks --no-replaces --no-enhances neovim | grep '^[a-z0-9]' | sort -u)
# shellcheck disable=SC2086 # one word a package
unpack $packages

# The unstable C library is newer than this system's, so its own loader starts nvim. Nothing is put
# in LD_LIBRARY_PATH: the language servers that nvim starts keep the libraries of this system.
loader=$(find "$folder/root/usr/lib" -name 'ld-linux*.so.*' -print -quit)
libraries=$(dirname "$loader")
# `usr/lib/nvim` has the parsers that Neovim looks for in the system's folders.
cat >"$work/nvim" <<WRAPPER
#!/usr/bin/env bash
export VIMRUNTIME='$folder/root/usr/share/nvim/runtime'
export LUA_CPATH='$libraries/lua/5.1/?.so;;'
exec '$loader' --library-path '$libraries' --argv0 nvim '$folder/root/usr/bin/nvim' \\
  --cmd 'lua vim.opt.runtimepath:append([[$folder/root/usr/lib/nvim]])' "\$@"
WRAPPER
chmod +x "$work/nvim"
is_new_enough "$work/nvim" || die "the Neovim of the mirror does not start or is older than $wanted"
put nvim
