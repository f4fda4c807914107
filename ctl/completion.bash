# Completion of batchctl for bash: source this file, or let cmake --install put it where bash looks
# (share/bash-completion/completions/batchctl). The words come from batchctl itself.
_batchctl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i
  COMPREPLY=()
  case $before in
    --socket | --token-file | --jsonl | --body | --key-file | backup)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    --on-deadline) mapfile -t COMPREPLY < <(compgen -W 'keep fail' -- "$word") && return ;;
    setup) mapfile -t COMPREPLY < <(compgen -W 'gemini' -- "$word") && ((${#COMPREPLY[@]})) && return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --socket | --url | --token-file | --retry-for) ((++i)) ;;
      -*) ;;
      *) command=${COMP_WORDS[i]} && break ;;
    esac
  done
  mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" complete $command 2>/dev/null)" -- "$word")
  if [[ $command == submit && $word != -* ]]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -o filenames -F _batchctl batchctl
