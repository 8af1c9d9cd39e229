#!/usr/bin/env bash
# Get an Emacs new enough for the editor tests, and print the path that starts it.
#
#   install_emacs.sh [FOLDER]
#
# An Emacs on PATH is used where it is new enough. On Debian, the packages of this release, or of
# its backports, are unpacked into FOLDER otherwise. No root is needed, and nothing outside FOLDER is
# changed; but tmux, where there is none on PATH, is installed by apt, as root. It takes about 10
# seconds the first time and none afterwards.
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

is_new_enough() {
  local version
  version=$("$1" --version 2>/dev/null | sed -n '1s/^GNU Emacs //p')
  [ -n "$version" ] && [ "$(printf '%s\n' "$wanted" "$version" | sort -V | head -n 1)" = "$wanted" ]
}

for candidate in emacs "$folder/emacs"; do
  if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
    command -v "$candidate"
    exit
  fi
done
grep -qs '^ID=debian$' /etc/os-release ||
  die "no Emacs $wanted or newer on PATH, and only Debian's is fetched from here: install it yourself"

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/download.XXXXXX")
# The package lists go, whatever happens.
trap 'rm -rf "$work"' EXIT

# The main suite is the one without a dash in its name: not -updates, not -security.
mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/[^-/]*/InRelease'.*|\1|p" | head -n 1)
[ -n "$mirror" ] || die "the configuration of apt names no Debian mirror"
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$work"/{none,lists/partial,cache/archives/partial,debs} "$folder/root"
for suite in "$release" "$release-backports"; do
  echo "deb [target=Packages signed-by=$keyring] $mirror $suite main"
done >"$work/sources.list"
# What is installed is known, so that only what is missing is fetched; backports are as good.
cp /var/lib/dpkg/status "$work/status"
printf 'Package: *\nPin: release n=%s\nPin-Priority: 500\n' "$release-backports" >"$work/preferences"
# The machine's own configuration (proxies, for one) stays in force; sources, lists and state are
# ours. A mirror's backports may be older than their signature allows.
private=(
  -qq
  -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/none"
  -o Dir::Etc::preferences="$work/preferences" -o Dir::Etc::preferencesparts="$work/none"
  -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
  -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o APT::Update::Post-Invoke=
  -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
)
apt-get "${private[@]}" update >&2
packages=$(apt-get "${private[@]}" --no-install-recommends --simulate install emacs-nox |
  sed -n 's/^Inst \([^ ]*\) .*/\1/p')
# shellcheck disable=SC2086 # one word a package
(cd "$work/debs" && apt-get "${private[@]}" download $packages >&2)
for package in "$work"/debs/*.deb; do
  dpkg -x "$package" "$folder/root"
done

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
# Last, and in one step: what is there from now on is whole.
mv "$work/emacs" "$folder/emacs"
echo "$folder/emacs"
