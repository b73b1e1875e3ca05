# Completion of gorace in bash. Options come from --help and `gorace options`, so that they stand in one place.
# shellcheck shell=bash

_gorace()
{
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(gorace --help | sed -n 's/^  gorace \([a-z+]*\).*/\1/p') --help --version" -- "$word")
        return
    fi
    case $command in
    cc | c++) ;;
    *)
        if [ "$command" = run ] && { [ "$previous" = -o ] || [ "$previous" = --option ]; }; then
            compopt -o nospace
            mapfile -t COMPREPLY < <(compgen -W "$(gorace options | sed -n 's/^  \([a-z_]*=\).*/\1/p')" -- "$word")
            return
        fi
        if [ "$command" = explain ] && [ "$COMP_CWORD" = 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "$(gorace explain --kinds)" -- "$word")
            return
        fi
        case $word in
        -*)
            mapfile -t COMPREPLY < <(compgen -W "$(gorace "$command" --help 2>/dev/null | grep -o -e '--[a-z-]*')" -- "$word")
            return
            ;;
        esac
        ;;
    esac
    compopt -o default
}
complete -F _gorace gorace
