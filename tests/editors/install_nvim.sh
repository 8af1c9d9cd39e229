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

is_new_enough() {
  local version
  version=$("$1" --version 2>/dev/null | sed -n '1s/^NVIM v//p')
  [ -n "$version" ] && [ "$(printf '%s\n' "$wanted" "$version" | sort -V | head -n 1)" = "$wanted" ]
}

for candidate in nvim "$folder/nvim"; do
  if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
    command -v "$candidate"
    exit
  fi
done
grep -qs '^ID=debian$' /etc/os-release ||
  die "no Neovim $wanted or newer on PATH, and only Debian's is fetched from here: install it yourself"

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/download.XXXXXX")
# The package lists of a whole suite are 160 MB: they go, whatever happens.
trap 'rm -rf "$work"' EXIT

# The main suite is the one without a dash in its name: not -updates, not -security.
mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/[^-/]*/InRelease'.*|\1|p" | head -n 1)
[ -n "$mirror" ] || die "the configuration of apt names no Debian mirror"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [target=Packages signed-by=$keyring] $mirror sid main" >"$work/sources.list"
mkdir -p "$work"/{none,lists/partial,cache/archives/partial,debs} "$folder/root"
touch "$work/status"
# The machine's own configuration (proxies, for one) stays in force; sources, lists and state are
# ours. A mirror's unstable suite may be older than its signature allows.
private=(
  -qq
  -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/none"
  -o Dir::Etc::preferences="$work/none/preferences" -o Dir::Etc::preferencesparts="$work/none"
  -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
  -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o APT::Update::Post-Invoke=
  -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
)
apt-get "${private[@]}" update >&2
# Names of libraries change with their versions, so the list is asked for, never written down.
packages=$(apt-cache "${private[@]}" depends --recurse --no-recommends --no-suggests \
  --no-conflicts --no-breaks --no-replaces --no-enhances neovim | grep '^[a-z0-9]' | sort -u)
# shellcheck disable=SC2086 # one word a package
(cd "$work/debs" && apt-get "${private[@]}" download $packages >&2)
for package in "$work"/debs/*.deb; do
  dpkg -x "$package" "$folder/root"
done

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
# Last, and in one step: what is there from now on is whole.
mv "$work/nvim" "$folder/nvim"
echo "$folder/nvim"
