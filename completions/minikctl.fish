# fish completion for minikctl
#
# Load it with: minikctl completion fish | source

function __minikctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l out ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    or return
    set -l directive (string replace -r '^:' '' -- $out[-1])
    set -e out[-1]
    if test (math "bitand($directive, 1)") -ne 0
        return
    end
    if test (math "bitand($directive, 8)") -ne 0
        for extension in $out
            __fish_complete_suffix ".$extension"
        end
        return
    end
    if test (math "bitand($directive, 16)") -ne 0
        __fish_complete_directories "$current"
        return
    end
    if test (count $out) -eq 0; and test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path "$current"
        return
    end
    # Values come without the flag they belong to.
    set -l flag (string match -r -- '^-[^=]*=' "$current")
    for line in $out
        echo "$flag$line"
    end
end

complete -c minikctl -f -a '(__minikctl_complete)'
