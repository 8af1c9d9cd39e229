#!/usr/bin/env bash
# Get a Helix for the editor tests, and print the path that starts it.
#
#   install_helix.sh [FOLDER]
#
# A Helix on PATH is used. On Debian, the package of the release that has it first is unpacked into
# FOLDER otherwise, with the C library that it wants. No root is needed, and nothing outside FOLDER
# is changed. tmux is had from install_emacs.sh.
set -euo pipefail

suite=trixie
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/infill-ls/editors/helix}

die() {
  echo "install_helix.sh: $*" >&2
  exit 1
}

for candidate in hx "$folder/hx"; do
  if command -v "$candidate" >/dev/null; then
    command -v "$candidate"
    exit
  fi
done
grep -qs '^ID=debian$' /etc/os-release ||
  die "no hx on PATH, and only Debian's is fetched from here: install it yourself"

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/download.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The main suite is the one without a dash in its name: not -updates, not -security.
mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/[^-/]*/InRelease'.*|\1|p" | head -n 1)
[ -n "$mirror" ] || die "the configuration of apt names no Debian mirror"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$work"/{none,lists/partial,cache/archives/partial,debs} "$folder/root"
echo "deb [target=Packages signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
# The machine's own configuration (proxies, for one) stays in force; sources, lists and state are
# ours. What is installed has no say: the packages are only unpacked.
: >"$work/status"
private=(
  -qq
  -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/none"
  -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
  -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o APT::Update::Post-Invoke=
  -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
)
apt-get "${private[@]}" update >&2
(cd "$work/debs" && apt-get "${private[@]}" download hx libc6 libgcc-s1 >&2)
for package in "$work"/debs/*.deb; do
  dpkg -x "$package" "$folder/root"
done

# It is started with the C library of its own release; the servers that it starts have ours.
libraries=$(echo "$folder"/root/usr/lib/*-linux-gnu)
cat >"$work/hx" <<WRAPPER
#!/usr/bin/env bash
exec '$(echo "$libraries"/ld-linux-*.so.*)' --library-path '$libraries' '$folder/root/usr/lib/hx/hx' "\$@"
WRAPPER
chmod +x "$work/hx"
"$work/hx" --version >&2 || die "the Helix of $suite does not start here"
# Last, and in one step: what is there from now on is whole.
mv "$work/hx" "$folder/hx"
echo "$folder/hx"
