"use strict";
// Drawings of a finding: the graph of who waits for what or which lock is taken under which, and the actors' timeline.

function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function actorName(finding, number) {
  const actor = (finding.actors || []).find((a) => a.number === number);
  if (actor && actor.goroutine) return `goroutine ${actor.goroutine}${actor.name ? ` (${actor.name})` : ""}`;
  if (number === 0) return "main thread";
  return `thread T${number}${actor && actor.name ? ` '${actor.name}'` : ""}`;
}

function lockName(lock) {
  return [lock.type || "lock", lock.name || lock.address || ""].join(" ").trim();
}

// {nodes: [{key, label, round}], edges: [{from, to, label}]}, or null when the finding has no graph.
function graphOf(finding) {
  const nodes = new Map(), edges = [];
  const node = (key, label, round) => {
    if (!nodes.has(key)) nodes.set(key, { key, label, round });
    return key;
  };
  const actor = (number) => node(`actor ${number}`, actorName(finding, number), true);
  const lock = (l) => node(`object ${l.address || l.name}`, lockName(l), false);
  for (const step of [...(finding.edges || []), ...(finding.waits || [])])
    if (step.object.type !== "thread") lock(step.object); // these know the type of the object
  for (const step of finding.edges || []) {
    const held = (step.locks || [])[0];
    if (held) edges.push({ from: lock(held), to: lock(step.object), label: actorName(finding, step.actor) });
  }
  for (const step of finding.waits || []) {
    const who = actor(step.actor);
    for (const held of step.locks || []) edges.push({ from: lock(held), to: who, label: "held by" });
    if (step.object.type === "thread" && step.target !== null) {
      edges.push({ from: who, to: actor(step.target), label: "joins" });
      continue;
    }
    const what = lock(step.object);
    edges.push({ from: who, to: what, label: "waits for" });
    if (step.target !== null && !edges.some((e) => e.from === what && e.to === `actor ${step.target}`))
      edges.push({ from: what, to: actor(step.target), label: "held by" });
  }
  const unique = edges.filter((e, i) => edges.findIndex((o) => o.from === e.from && o.to === e.to) === i);
  return unique.length ? { nodes: inOrder([...nodes.values()], unique), edges: unique } : null;
}

// Each node behind one that leads to it, so that a cycle, laid on an ellipse, looks like one.
function inOrder(nodes, edges) {
  const order = [], visit = (node) => {
    if (order.includes(node)) return;
    order.push(node);
    for (const e of edges.filter((edge) => edge.from === node.key)) visit(nodes.find((n) => n.key === e.to));
  };
  nodes.forEach(visit);
  return order;
}

function drawGraph(finding) {
  const graph = graphOf(finding);
  if (!graph) return null;
  const count = graph.nodes.length, radius = 60 + 26 * count, wide = radius * 1.7;
  const width = 2 * wide + 260, height = 2 * radius + 90, at = new Map();
  graph.nodes.forEach((n, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2;
    at.set(n.key, { x: width / 2 + wide * Math.cos(angle), y: height / 2 + radius * Math.sin(angle), w: 8 * n.label.length + 24 });
  });
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img", "class": "graph" }, draw("title", {},
    finding.edges ? "Lock-order graph" : "Wait-for graph"), arrowhead());
  for (const e of graph.edges) svg.append(...drawEdge(at.get(e.from), at.get(e.to), e.label));
  for (const n of graph.nodes) {
    const { x, y, w } = at.get(n.key);
    svg.append(
      draw("rect", { x: x - w / 2, y: y - 15, width: w, height: 30, rx: n.round ? 15 : 3, "class": "node" }),
      draw("text", { x, y: y + 5, "text-anchor": "middle" }, n.label));
  }
  return svg;
}

function arrowhead() {
  return draw("defs", {}, draw("marker", { id: "arrow", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 8, markerHeight: 8,
    orient: "auto-start-reverse" }, draw("path", { d: "M0 0L10 5L0 10z", "class": "dot" })));
}

// From border to border of the two boxes, bent a little, so that there and back do not cover each other.
function drawEdge(from, to, label) {
  const border = (box, toward) => {
    const dx = toward.x - box.x, dy = toward.y - box.y;
    const scale = Math.min(box.w / 2 / Math.abs(dx || 1e-9), 15 / Math.abs(dy || 1e-9), 1);
    return { x: box.x + dx * scale, y: box.y + dy * scale };
  };
  const a = border(from, to), b = border(to, from), bend = 18 / (Math.hypot(b.x - a.x, b.y - a.y) || 1);
  const middle = { x: (a.x + b.x) / 2 - (b.y - a.y) * bend, y: (a.y + b.y) / 2 + (b.x - a.x) * bend };
  return [draw("path", { d: `M${a.x} ${a.y}Q${middle.x} ${middle.y} ${b.x} ${b.y}`, "class": "edge", "marker-end": "url(#arrow)" }),
    draw("text", { x: (a.x + 2 * middle.x + b.x) / 4, y: (a.y + 2 * middle.y + b.y) / 4 - 4, "text-anchor": "middle" }, label)];
}

// What is known of the order of events: creations by number, then the steps as they were.
function eventsOf(finding) {
  const events = [], present = new Set((finding.actors || []).map((a) => a.number));
  for (const actor of [...(finding.actors || [])].sort((a, b) => a.number - b.number))
    if (actor.creator !== null && present.has(actor.creator))
      events.push({ actor: actor.creator, to: actor.number, label: `creates ${actorName(finding, actor.number)}` });
  for (const access of [...(finding.accesses || [])].reverse())
    events.push({ actor: access.actor, bad: true, label: `${access.atomic ? "atomic " : ""}${access.kind}, ${access.size} bytes at ${access.address}` });
  for (const step of finding.edges || [])
    events.push({ actor: step.actor, bad: true, label: `takes ${lockName(step.object)} under ${lockName((step.locks || [])[0] || {})}` });
  for (const step of finding.waits || [])
    events.push({ actor: step.actor, bad: true, label: `waits for ${lockName(step.object)}` });
  for (const step of [...(finding.places || [])].reverse())
    events.push({ actor: step.actor, bad: step.role === "misuses", label: `${step.role} ${lockName(step.object)}` });
  return events;
}

function drawTimeline(finding) {
  const actors = [...(finding.actors || [])].sort((a, b) => a.number - b.number), events = eventsOf(finding);
  if (!actors.length || !events.length) return null;
  const lane = 250, row = 38, top = 44, width = lane * actors.length + 60, height = top + row * (events.length + 1) + 24;
  const x = (number) => 30 + lane * actors.findIndex((a) => a.number === number);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img", "class": "timeline" },
    draw("title", {}, "Timeline, not to scale"), arrowhead());
  const born = new Map(events.map((e, i) => [e.to, top + row * (i + 1)]));
  for (const a of actors)
    svg.append(draw("text", { x: x(a.number) - 10, y: 20 }, actorName(finding, a.number)),
      draw("line", { x1: x(a.number), x2: x(a.number), y1: born.get(a.number) || top - 14, y2: height - 12, "class": "lane" }));
  events.forEach((e, i) => {
    const y = top + row * (i + 1);
    svg.append(draw("circle", { cx: x(e.actor), cy: y, r: 5, "class": e.bad ? "bad" : "dot" }),
      draw("text", { x: x(e.actor) + 11, y: y - 6 }, e.label));
    if (e.to !== undefined && e.to !== e.actor)
      svg.append(draw("line", { x1: x(e.actor), y1: y, x2: x(e.to), y2: y, "class": "edge", "marker-end": "url(#arrow)" }));
  });
  if (finding.accesses && events.length > 1) {
    const [a, b] = [events.length - 2, events.length - 1].map((i) => ({ x: x(events[i].actor), y: top + row * (i + 1) }));
    svg.append(draw("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, "class": "clash" }),
      draw("text", { x: (a.x + b.x) / 2, y: Math.max(a.y, b.y) + 20, "text-anchor": "middle", "class": "bad" }, "no order"));
  }
  return svg;
}
