# What bash offers behind the words given: what an interactive shell does when Tab is pressed.
source <(floodgate complete bash)
# What the package bash-completion gives; that a word may hold "=" needs the shell's own line editor.
_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=${words[cword]}; }
compopt() { :; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
__floodgate_complete
printf '%s\n' "${COMPREPLY[@]}"
