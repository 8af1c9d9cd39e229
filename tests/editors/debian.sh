# What the scripts share that get an editor from Debian's packages without installing them. To be
# sourced by one that has `wanted`, `folder` and a function `die`.

# at_least VERSION: whether that is `wanted` or newer
at_least() {
  [ -n "$1" ] && [ "$(printf '%s\n' "$wanted" "$1" | sort -V | head -n 1)" = "$wanted" ]
}

# lists_of SUITE ...: read the package lists of these alone, into `work`, which goes in the end
#
# Sets `private`, the options for apt's programs. What is installed has no say, unless it is put
# into "$work/status" before, as have preferences from "$work/preferences".
lists_of() {
  local mirror suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  # The main suite is the one without a dash in its name: not -updates, not -security.
  mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/[^-/]*/InRelease'.*|\1|p" | head -n 1)
  [ -n "$mirror" ] || die "the configuration of apt names no Debian mirror"
  for suite in "$@"; do
    echo "deb [target=Packages signed-by=$keyring] $mirror $suite main"
  done >"$work/sources.list"
  # The machine's own configuration (proxies, for one) stays in force; sources, lists and state are
  # ours. A mirror's unstable suite and backports may be older than their signature allows.
  private=(
    -qq
    -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/none"
    -o Dir::Etc::preferences="$work/preferences" -o Dir::Etc::preferencesparts="$work/none"
    -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
    -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o APT::Update::Post-Invoke=
    -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
  )
  apt-get "${private[@]}" update >&2
}

# new_work: set `folder` to its whole path, and `work` to a new folder in it
new_work() {
  grep -qs '^ID=debian$' /etc/os-release ||
    die "none here that is $wanted or newer, and only Debian's is fetched: install it yourself"
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  work=$(mktemp -d "$folder/download.XXXXXX")
  # The package lists of a whole suite are 160 MB: they go, whatever happens.
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/{none,lists/partial,cache/archives/partial,debs} "$folder/root"
  touch "$work/status"
}

# unpack PACKAGE ...: into "$folder/root"
unpack() {
  local package
  (cd "$work/debs" && apt-get "${private[@]}" download "$@" >&2)
  for package in "$work"/debs/*.deb; do
    dpkg -x "$package" "$folder/root"
  done
}

# put NAME: print the path of the program that `work` has by that name, which is moved to `folder`
put() {
  # Last, and in one step: what is there from now on is whole.
  mv "$work/$1" "$folder/$1"
  echo "$folder/$1"
}
