# Turns text reports (gorace's or ThreadSanitizer's) into one line each, the same for the same two places:
#   data-race: FUNCTION FILE:LINE <-> FUNCTION FILE:LINE
# with folders and columns cut off and the sides in order of name. What is no race stays as its SUMMARY line.
function place(line,   part, n) {
    n = split(line, part, " ")
    sub(/^.*\//, "", part[3])
    sub(/^\(/, "", part[3])
    if (part[3] ~ /:[0-9]+:[0-9]+$/) sub(/:[0-9]+$/, "", part[3])
    return part[2] " " part[3]
}
/^WARNING: / { sides = 0; wanted = 0 }
/^  [A-Z][a-z ]* of (size|the block)/ && !/^  Location/ { wanted = 1 }
/^ +#0 / && wanted { side[sides++] = place($0); wanted = 0 }
/^SUMMARY: / {
    if (sides == 2 && /data.race/)
        print "data-race: " (side[0] < side[1] ? side[0] " <-> " side[1] : side[1] " <-> " side[0])
    else
        print
    sides = 0
}
