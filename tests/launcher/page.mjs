// The page in headless Chromium: page.mjs PAGE. Prints each case; ends with 1 when one fails. PLAYWRIGHT is the folder of
// playwright-core, CHROMIUM the browser.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(process.env.PLAYWRIGHT + "/")("playwright-core");
const address = pathToFileURL(process.argv[2]).href;
const LIMIT = 600_000; // ms, of each step: only for what hangs
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"], timeout: LIMIT });
let failures = 0;

async function open(fragment) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  page.setDefaultTimeout(LIMIT);
  page.problems = [];
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("dialog", (dialog) => { page.problems.push("a dialog: " + dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => request.url().split("#")[0] === address || page.problems.push("asks for " + request.url()));
  await page.goto(address + (fragment ? "#" + fragment : ""));
  return page;
}

async function test(name, body, fragment) {
  const page = await open(fragment);
  try {
    await body(page);
    assert.deepEqual(page.problems, []);
    console.log("ok   " + name);
  } catch (error) {
    failures++;
    console.log(`FAIL ${name}: ${error.stack}`);
  }
  await page.close();
}

const fingerprint = (end) => "0".repeat(14) + end;
const listed = (page) => page.locator("#findings a").evaluateAll((links) => links.map((a) => a.hash.slice(-2)));

await test("lists what is new, and chooses the first", async (page) => {
  assert.deepEqual(await listed(page), ["aa", "cc", "bb", "ee", "dd"]);
  assert.equal(await page.locator("#findings a[aria-current]").getAttribute("href"), "#" + fingerprint("aa"));
  assert.match(await page.locator("#summary").textContent(), /^5 findings, and 1 of the baseline, from 2 files$/);
});

await test("names files that could not be used", async (page) => {
  assert.match(await page.locator("#notices").textContent(), /broken\.json/);
});

await test("filters by kind", async (page) => {
  await page.locator('#kinds input[value="data-race"]').uncheck();
  assert.deepEqual(await listed(page), ["cc", "bb", "ee", "dd"]);
  const checked = page.locator("#kinds input:checked");
  while (await checked.count()) await checked.first().uncheck();
  assert.deepEqual(await listed(page), []);
  assert.ok(await page.locator("#none").isVisible());
});

await test("searches functions, lines and fingerprints; all words have to be there", async (page) => {
  for (const [words, found] of [["take", ["aa"]], ["a.c:13", ["cc"]], ["00ee", ["ee"]], ["WORK stuck", ["dd"]], ["take stuck", []]]) {
    await page.locator("#search").fill(words);
    assert.deepEqual(await listed(page), found, words);
  }
});

await test("shows the baseline when asked", async (page) => {
  await page.locator("#show-known").check();
  assert.deepEqual(await listed(page), ["aa", "cc", "bb", "ee", "dd", "ff"]);
});

await test("a click chooses a finding", async (page) => {
  await page.locator("#findings a").nth(3).click();
  // A link inside of the page: what it changes comes with an event, after the click.
  await page.locator("#message", { hasText: /^a misuse of the test$/ }).waitFor();
  assert.equal(await page.locator("#findings a[aria-current]").count(), 1);
});

await test("the two stacks stand side by side, with the lines of the source", async (page) => {
  const [left, right] = [page.locator("#detail .sides").first().locator("> .part").nth(0), page.locator("#detail .sides").first().locator("> .part").nth(1)];
  const [a, b] = [await left.boundingBox(), await right.boundingBox()];
  assert.ok(a.x + a.width <= b.x && a.y === b.y, JSON.stringify([a, b]));
  assert.match(await left.locator("> p").textContent(), /^Write of size 4/);
  assert.match(await right.locator("> p").textContent(), /^Earlier write of size 4/);
  assert.match(await left.locator(".here").first().textContent(), /^ +10 {2}line 10 of the source$/);
  assert.ok(await left.locator(".source").first().isVisible());
  assert.match(await left.locator(".sub > p").textContent(), /^Lock lock 0x2000 held exclusively/);
});

await test("outer frames open by a click", async (page) => {
  const frame = page.locator("#detail .part").first().locator("> .stack details").nth(1);
  assert.ok(!(await frame.locator(".source").isVisible()));
  await frame.locator("summary").click();
  assert.ok(await frame.locator(".source").isVisible());
});

async function graph(page) {
  const texts = await page.locator("svg.graph text").allTextContents();
  return { nodes: await page.locator("svg.graph .node").count(), edges: await page.locator("svg.graph .edge").count(), texts };
}

await test("a race has no graph, but a timeline", async (page) => {
  assert.equal(await page.locator("svg.graph").count(), 0);
  assert.equal(await page.locator("svg.timeline .lane").count(), 2);
  assert.equal(await page.locator("svg.timeline .clash").count(), 1);
  const texts = await page.locator("svg.timeline text").allTextContents();
  assert.ok(texts.includes("creates thread T1 'worker'") && texts.includes("write, 4 bytes at 0x1000"), String(texts));
});

await test("draws the order of locks", async (page) => {
  const { nodes, edges, texts } = await graph(page);
  assert.deepEqual([nodes, edges], [2, 2]);
  for (const text of ["mutex left", "mutex right", "thread T1", "thread T2"]) assert.ok(texts.includes(text), text);
}, fingerprint("bb"));

await test("draws who waits for whom", async (page) => {
  const { nodes, edges, texts } = await graph(page);
  assert.deepEqual([nodes, edges], [4, 4]);
  assert.equal(texts.filter((t) => t === "waits for").length, 2);
  assert.equal(texts.filter((t) => t === "held by").length, 2);
  assert.equal(await page.locator("svg.timeline .lane").count(), 3);
}, fingerprint("cc"));

await test("nodes do not cover each other", async (page) => {
  const boxes = await page.locator("svg.graph .node").evaluateAll((nodes) => nodes.map((n) => n.getBoundingClientRect().toJSON()));
  for (const a of boxes)
    for (const b of boxes)
      assert.ok(a === b || a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top);
}, fingerprint("cc"));

await test("explains the kind", async (page) => {
  assert.match(await page.locator("pre.page").textContent(), /## How to fix it/);
});

await test("names are text, not markup", async (page) => {
  await page.locator("#show-known").check();
  assert.match(await page.locator("#message").textContent(), /<\/script><img src=x onerror=alert\(1\)>/);
  assert.equal(await page.locator("img").count(), 0);
}, fingerprint("ff"));

await test("fits a narrow screen", async (page) => {
  await page.setViewportSize({ width: 400, height: 800 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 400, String(width));
});

await browser.close();
console.log(failures ? `${failures} failed` : "all passed");
process.exit(failures ? 1 : 0);
