# bash completion for minikctl
#
# Load it with: source <(minikctl completion bash)

_minikctl() {
    local line current prefix out directive value rest
    local -a words values=()
    line=${COMP_LINE:0:COMP_POINT}
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]} - 1]}
    out=$("${words[0]}" __complete "${words[@]:1}" 2>/dev/null) || return
    directive=${out##*:}
    out=${out%:*}
    (( directive & 1 )) && return
    # Values come without the flag they belong to.
    [[ $current == -*=* ]] && current=${current#*=}
    # bash replaces only what follows the last = or : of a word.
    prefix=${current%"${current##*[=:]}"}
    if (( directive & 8 )); then
        while IFS=$'\t' read -r value rest; do
            [[ -n $value ]] && rest+=${rest:+|}$value && values+=("$value")
        done <<< "$out"
        local pattern="@($(IFS='|'; echo "${values[*]}"))"
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(
            compgen -d -- "${current#"$prefix"}"
            shopt -s extglob
            compgen -f -X "!*.$pattern" -- "${current#"$prefix"}"
        )
        return
    fi
    if (( directive & 16 )); then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "${current#"$prefix"}")
        return
    fi
    while IFS=$'\t' read -r value rest; do
        [[ $value == "$current"* && -n $value ]] && values+=("${value#"$prefix"}")
    done <<< "$out"
    (( directive & 2 )) && compopt -o nospace 2>/dev/null
    if (( ${#values[@]} == 0 && !(directive & 4) )); then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "${current#"$prefix"}")
        return
    fi
    COMPREPLY=("${values[@]}")
}

complete -F _minikctl minikctl
