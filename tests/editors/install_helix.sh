#!/usr/bin/env bash
# Get a Helix new enough for the editor tests, and print the path that starts it.
#
#   install_helix.sh [FOLDER]
#
# A Helix on PATH is used where it is new enough. On Debian, the package of the first release that
# has it is unpacked into FOLDER otherwise, with the C library that it wants. No root is needed, and
# nothing outside FOLDER is changed. The tests want tmux too, which install_emacs.sh gets.
set -euo pipefail

wanted=25.01
suite=trixie
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/infill-ls/editors/helix}

die() {
  echo "install_helix.sh: $*" >&2
  exit 1
}

is_new_enough() {
  local version
  version=$("$1" --version 2>/dev/null | sed -n '1s/^helix \([0-9.]*\).*/\1/p')
  [ -n "$version" ] && [ "$(printf '%s\n' "$wanted" "$version" | sort -V | head -n 1)" = "$wanted" ]
}

for candidate in hx "$folder/hx"; do
  if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
    command -v "$candidate"
    exit
  fi
done
grep -qs '^ID=debian$' /etc/os-release ||
  die "no Helix $wanted or newer on PATH, and only Debian's is fetched from here: install it yourself"

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/download.XXXXXX")
# The package lists go, whatever happens.
trap 'rm -rf "$work"' EXIT

# The main suite is the one without a dash in its name: not -updates, not -security.
mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/[^-/]*/InRelease'.*|\1|p" | head -n 1)
[ -n "$mirror" ] || die "the configuration of apt names no Debian mirror"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$work"/{none,lists/partial,cache/archives/partial,debs} "$folder/root"
echo "deb [target=Packages signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
# What is installed has no say, since nothing is: the packages are unpacked beside it.
: >"$work/status"
# The machine's own configuration (proxies, for one) stays in force; sources, lists and state are
# ours.
private=(
  -qq
  -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/none"
  -o Dir::Etc::preferences="$work/none" -o Dir::Etc::preferencesparts="$work/none"
  -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
  -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o APT::Update::Post-Invoke=
  -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
)
apt-get "${private[@]}" update >&2
(cd "$work/debs" && apt-get "${private[@]}" download hx libc6 libgcc-s1 >&2)
for package in "$work"/debs/*.deb; do
  dpkg -x "$package" "$folder/root"
done

# Only Helix itself has the C library of its own release; the servers that it starts have this one's.
libraries=$(echo "$folder"/root/usr/lib/*-linux-*)
cat >"$work/hx" <<WRAPPER
#!/usr/bin/env bash
exec '$(echo "$libraries"/ld-linux-*.so.*)' --library-path '$libraries' \\
  '$folder/root/usr/lib/hx/hx' "\$@"
WRAPPER
chmod +x "$work/hx"
is_new_enough "$work/hx" || die "the Helix of $suite does not start or is older than $wanted"
# Last, and in one step: what is there from now on is whole.
mv "$work/hx" "$folder/hx"
echo "$folder/hx"
