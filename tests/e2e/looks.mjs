// What is looked for on every page, and the browser that looks.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../interop/node/package.json", import.meta.url));
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// `more` are further switches of it.
export const launched = (executablePath, more = []) => require("playwright-core").chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", ...more],
});

export async function findings(page) {
  // The page's own policy lets no injected script element run; evaluating over the debugger is not subject to it.
  await page.evaluate(AXE);
  // What is no violation is neither described nor sent here: that is several times the work of looking.
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      resultTypes: ["violations"],
    });
    return violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.target.join(" ")).slice(0, 5).join(", ")}`);
  });
}

// What is wrong with a page as it is laid out now, in one question to the browser:
// `over`, by how many pixels it is too wide;
// `small`, what is pressed and not 44 pixels high, links within a sentence aside (WCAG 2.2, 2.5.8 exempts those too);
// `layout`, what is missing of one heading, a title that says page and product, one row of navigation on top, and the heading in
// sight on a telephone.
export const laidOut = (page) => page.evaluate(() => {
  const pressed = "button, .button, nav a, summary, select, input:not([type=hidden]):not([type=radio]):not([type=checkbox])";
  const small = [...document.querySelectorAll(pressed)]
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && box.height > 0 && box.height < 44)
    .map(([element, box]) => `${element.tagName} "${element.textContent.trim().slice(0, 30)}" ${Math.round(box.height)}`);
  const headings = [...document.querySelectorAll("h1")];
  const title = document.title.split(" · ");
  // What is wrong with a form stands above the heading, and takes the focus.
  const mistakes = document.querySelector(".error-summary")?.offsetHeight ?? 0;
  const bottom = headings[0]?.getBoundingClientRect().bottom - mistakes;
  const head = document.querySelector("header.site").offsetHeight;
  const layout = [
    headings.length === 1 ? "" : `${headings.length} headings of the first level`,
    title.length >= 2 && title.at(-1) === "directca" && title.every(Boolean) ? "" : `title "${document.title}"`,
    bottom <= innerHeight / 2 ? "" : `heading ends at ${bottom}`,
    head <= 72 ? "" : `header is ${head} high`,
    [...document.querySelectorAll("pre")].some((block) => block.scrollWidth > block.clientWidth) ? "code is cut off" : "",
  ].filter(Boolean);
  return { over: document.documentElement.scrollWidth - document.documentElement.clientWidth, small, layout };
});

// The two forms that pages are looked at in, [colours, width], and how a page takes one on.
export const FORMS = [["light", 1280], ["dark", 320]];
export async function formed(page, [colorScheme, width]) {
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize({ width, height: 800 });
}

// A page that is open, in either form, first in the one that it has: what was found goes into `found`. `axe` is the form in which
// axe looks, or null. Nothing moves meanwhile, or axe would judge half-way colours. `pictures` is the beginning of their names.
export async function lookedAt(page, found, { first, axe, pictures }) {
  for (const form of [FORMS[first], FORMS[1 - first]]) {
    const said = form.join(" ");
    await formed(page, form);
    const { over, small, layout } = await laidOut(page);
    if (over > 0) found.push(`${said}: ${over} too wide`);
    found.push(...[...small, ...layout].map((one) => `${said}: ${one}`));
    if (form === FORMS[axe]) found.push(...(await findings(page)).map((one) => `${said}: ${one}`));
    if (pictures) await page.screenshot({ path: `${pictures}-${form.join("-")}.png`, fullPage: true });
  }
}

// A page on somebody's way, which goes on in light and wide. axe looks once, at either form in turn: the colours are those of
// every other page; and not at all where `axe` says no. `seen` is by name what was found, `shots` a folder for pictures, or null.
export async function looked(page, name, { seen, shots, axe = true }) {
  const found = (seen[name] = []);
  await page.waitForFunction(() => document.readyState === "complete"); // a page that is just arriving has no document yet
  const turn = Object.keys(seen).length % 2;
  await lookedAt(page, found, { first: 0, axe: axe ? turn : null, pictures: shots && `${shots}/${name}` });
  await formed(page, FORMS[0]);
}
