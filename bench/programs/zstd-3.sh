# shellcheck shell=bash disable=SC1091,SC2034,SC2154 # read and set by bench/program
level=3
. "$bench/programs/zstd.bash"
