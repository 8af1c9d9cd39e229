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

# shellcheck source=tests/editors/debian.sh
. "$(dirname "$0")/debian.sh"

is_new_enough() {
  at_least "$("$1" --version 2>/dev/null | sed -n '1s/^helix \([0-9.]*\).*/\1/p')"
}

for candidate in hx "$folder/hx"; do
  if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
    command -v "$candidate"
    exit
  fi
done

new_work
lists_of "$suite"
unpack hx libc6 libgcc-s1

# Only Helix itself has the C library of its own release; the servers that it starts have this one's.
libraries=$(echo "$folder"/root/usr/lib/*-linux-*)
cat >"$work/hx" <<WRAPPER
#!/usr/bin/env bash
exec '$(echo "$libraries"/ld-linux-*.so.*)' --library-path '$libraries' \\
  '$folder/root/usr/lib/hx/hx' "\$@"
WRAPPER
chmod +x "$work/hx"
is_new_enough "$work/hx" || die "the Helix of $suite does not start or is older than $wanted"
put hx
