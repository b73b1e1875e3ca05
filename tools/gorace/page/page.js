// The list with its filters, and the finding that is chosen by the fragment of the address (#fingerprint).

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const kindTitle = (kind) => (data.kinds[kind] || { title: kind }).title;

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function plural(n, word) {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}

function shortFile(file) {
  return data.root && file.startsWith(data.root) ? file.slice(data.root.length) : file;
}

// ---- the list

function textOf(row) {
  const frames = row.parts.flatMap((p) => p.stack || []).map((f) => `${f.function} ${f.file}:${f.line} ${f.module}`);
  return [row.finding.fingerprint, row.finding.kind, row.finding.message, row.place, ...frames].join("\n").toLowerCase();
}

const rows = data.findings.map((row) => ({ ...row, text: textOf(row) }));

function shownRows() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kinds = new Set([...document.querySelectorAll("#kinds input:checked")].map((box) => box.value));
  return rows.filter((row) => kinds.has(row.finding.kind) && (byId("show-known").checked || !row.known) &&
    words.every((word) => row.text.includes(word)));
}

function listRow(row) {
  const chosen = location.hash === `#${row.finding.fingerprint}`;
  const link = make("a", { href: `#${row.finding.fingerprint}`, ...(row.known && { "class": "known" }), ...(chosen && { "aria-current": "true" }) },
    make("span", { "class": "kind" }, kindTitle(row.finding.kind)), row.known ? " (baseline)" : "", make("br"), row.finding.message,
    make("br"), make("span", { "class": "place" }, row.place));
  return make("li", {}, link);
}

function showList() {
  const shown = shownRows();
  byId("findings").replaceChildren(...shown.map(listRow));
  byId("none").hidden = shown.length > 0;
}

function showKinds() {
  const counts = new Map();
  for (const row of rows) counts.set(row.finding.kind, (counts.get(row.finding.kind) || 0) + 1);
  for (const [kind, count] of counts) {
    const box = make("input", { type: "checkbox", value: kind });
    box.checked = true;
    byId("kinds").append(make("label", {}, box, ` ${kindTitle(kind)} (${count})`));
  }
}

// ---- one finding

function source(frame) {
  const lines = data.sources[`${frame.file}:${frame.line}`];
  if (!lines) return null;
  return make("div", { "class": "source" }, ...lines.lines.map((text, i) => {
    const number = lines.first + i;
    return make("span", number === frame.line ? { "class": "here" } : {}, `${String(number).padStart(5)}  ${text}`);
  }));
}

function frameLine(frame, number) {
  const place = frame.file ? `${shortFile(frame.file)}${frame.line ? `:${frame.line}` : ""}` : "";
  const module = `${(frame.module || "").split("/").pop()}+0x${(frame.offset || 0).toString(16)}`;
  const times = frame.times ? ` (${frame.times} times)` : "";
  return [`#${number}`, frame.function || "", place || `(${module})`].filter(Boolean).join(" ") + times;
}

function stackList(stack) {
  if (!stack.length) return make("p", { "class": "facts" }, "stack not known");
  let number = 0;
  return make("ol", { "class": "stack" }, ...stack.map((frame, i) => {
    const text = frameLine(frame, number), lines = source(frame);
    number += frame.times || 1;
    if (!lines) return make("li", {}, make("span", {}, text));
    const open = make("details", i === 0 ? { open: "" } : {}, make("summary", {}, text), lines);
    return make("li", {}, open);
  }));
}

function partBox(part, inner) {
  const box = make("div", { "class": part.level ? "sub" : "part" }, make("p", {}, part.title));
  if (part.stack) box.append(stackList(part.stack));
  box.append(...inner.map((p) => partBox(p, [])));
  return box;
}

// The parts of level 0, each with those of level 1 that follow it.
function boxes(parts, background) {
  const result = [];
  parts.forEach((part, i) => {
    if (part.level || part.background !== background) return;
    let end = i + 1;
    while (end < parts.length && parts[end].level) end++;
    result.push(partBox(part, parts.slice(i + 1, end)));
  });
  return make("div", { "class": "sides" }, ...result);
}

function section(title, content) {
  return content ? [make("h3", {}, title), content] : [];
}

function showFinding() {
  const row = rows.find((r) => location.hash === `#${r.finding.fingerprint}`);
  if (!row) {
    byId("detail").replaceChildren(make("p", {}, rows.length ? "Choose a finding." : "No findings."));
    return;
  }
  const finding = row.finding, page = (data.kinds[finding.kind] || {}).page;
  byId("detail").replaceChildren(
    make("h2", {}, kindTitle(finding.kind)),
    make("p", { id: "message" }, finding.message),
    make("p", { "class": "facts" }, `${finding.fingerprint} · ${finding.tier} · ${row.place} · seen ${plural(row.times, "time")}` +
      (row.known ? " · in the baseline" : "")),
    boxes(row.parts, false),
    ...section(finding.edges ? "Lock-order graph" : "Wait-for graph", drawGraph(finding)),
    ...section("Timeline of the actors (not to scale)", drawTimeline(finding)),
    ...section("How it came to be", boxes(row.parts, true)),
    ...(page ? [make("h3", {}, "What this kind of finding means"), make("pre", { "class": "page" }, page)] : []));
}

function show() {
  showList();
  showFinding();
}

const known = rows.filter((row) => row.known).length;
byId("summary").textContent = `${plural(rows.length - known, "finding")}${known ? `, and ${known} of the baseline` : ""}, from ${plural(data.files, "file")}`;
byId("notices").append(...data.notices.map((text) => make("li", {}, text)));
showKinds();
byId("filters").addEventListener("input", showList);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", show);
if (!location.hash && rows.length) history.replaceState(null, "", `#${(rows.find((r) => !r.known) || rows[0]).finding.fingerprint}`);
show();
