"""The plots of bench/slowdown: bars in SVG, which need nothing to be drawn."""
import math
from xml.sax.saxutils import escape

from .page import compared

# Tool, what the legend calls it, colour.
BARS = (
    ("floor-clang", "empty hooks (clang's)", "#c4c8cc"),
    ("gorace-clang", "gorace, clang's hooks", "#1f6fb4"),
    ("gorace-gcc", "gorace, gcc's hooks", "#63a4dc"),
    ("clang-tsan", "ThreadSanitizer, clang", "#d9822b"),
    ("gcc-tsan", "ThreadSanitizer, gcc", "#efbe83"),
    ("drd", "DRD", "#9b87b8"),
    ("helgrind", "Helgrind", "#6b5690"),
)
LEFT, RIGHT, WIDTH, BAR, GAP, TOP = 210, 60, 860, 11, 14, 66


def text(x, y, content, anchor="start", weight="normal", size=12):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">'
            f"{escape(content)}</text>")


def rectangle(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height}" fill="{colour}"/>'


def ticks(most):
    """1, 2, 5, 10 ... up to the first one that is not below the largest value."""
    values = [1]
    while values[-1] < most:
        values.append(values[-1] * (2.5 if str(values[-1])[0] == "2" else 2))
    return [int(v) for v in values]


def legend(bars):
    x, y = LEFT, 40
    for _, title, colour in bars:
        if x > WIDTH - 170:
            x, y = LEFT, y + 16
        yield rectangle(x, y - 9, 10, 10, colour)
        yield text(x + 14, y, title, size=11)
        x += 24 + 6.2 * len(title)


def chart(title, groups):
    """Groups of bars, (name, {tool: times native}), on a logarithmic axis that begins at 1."""
    bars = [b for b in BARS if any(b[0] in values for _, values in groups)]
    axis = ticks(max((v for _, values in groups for v in values.values()), default=1))
    scale = (WIDTH - LEFT - RIGHT) / math.log(max(axis[-1], 2))
    lines, y = [], TOP + 10
    for name, values in groups:
        lines.append(text(LEFT - 8, y + BAR * len(values) / 2 + 4, name, "end"))
        for tool, _, colour in bars:
            if tool not in values:
                continue
            length = math.log(max(values[tool], 1)) * scale
            lines.append(rectangle(LEFT, y, length, BAR - 1, colour))
            lines.append(text(LEFT + length + 4, y + BAR - 2, f"{values[tool]:.1f}", size=9))
            y += BAR
        y += GAP
    grid = [f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{y}" stroke="#e3e5e8"/>' + text(x, y + 14, f"{value}", "middle")
            for value, x in ((v, LEFT + math.log(v) * scale) for v in axis)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 24}" viewBox="0 0 {WIDTH} {y + 24}" '
        'font-family="sans-serif">', rectangle(0, 0, WIDTH, y + 24, "#ffffff"), text(12, 22, title, weight="bold", size=14),
        *legend(bars), *grid, *lines, "</svg>"]) + "\n"


def plots(found, programs):
    """(file name, SVG) of each plot; none before anything was measured."""
    for name, field, title in (("slowdown-cpu.svg", "cpu", "CPU time, times the native run"),
                               ("slowdown-memory.svg", "kb", "Peak memory, times the native run")):
        groups = []
        for p in compared(found, programs):
            values = {tool: found.over_native(p.name, tool, field) for tool, _, _ in BARS}
            groups.append((p.title, {tool: v for tool, v in values.items() if v}))
        if groups:
            yield name, chart(title, groups)
