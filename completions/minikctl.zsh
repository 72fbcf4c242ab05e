#compdef minikctl
#
# Load it with: source <(minikctl completion zsh)

_minikctl() {
    local out directive line value
    local -a lines candidates patterns
    out=$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null) || return
    lines=("${(@f)out}")
    directive=${lines[-1]#:}
    lines=("${(@)lines[1,-2]}")
    (( directive & 1 )) && return 1
    # Values come without the flag they belong to.
    [[ ${words[CURRENT]} == -*=* ]] && compset -P '*='
    if (( directive & 8 )); then
        for line in $lines; do patterns+=("*.${line%%$'\t'*}"); done
        _files -g "(${(j:|:)patterns})"
        return
    fi
    if (( directive & 16 )); then
        _files -/
        return
    fi
    for line in $lines; do
        value=${${line%%$'\t'*}//:/\\:}
        [[ $line == *$'\t'* ]] && value+=":${line#*$'\t'}"
        [[ -n $line ]] && candidates+=("$value")
    done
    if (( ${#candidates} == 0 && !(directive & 4) )); then
        _files
        return
    fi
    if (( directive & 2 )); then
        _describe -V completions candidates -S ''
    else
        _describe -V completions candidates
    fi
}

if [ "$funcstack[1]" = "_minikctl" ]; then
    _minikctl
else
    compdef _minikctl minikctl
fi
