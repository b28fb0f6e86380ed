// What is looked for on every page, and the browser that looks.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../interop/node/package.json", import.meta.url));
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const launched = (executablePath) => require("playwright-core").chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

export async function findings(page) {
  // The page's own policy lets no injected script element run; evaluating over the debugger is not subject to it.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  return violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.target.join(" ")).slice(0, 5).join(", ")}`);
}

export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// What is pressed must be 44 pixels high, links within a sentence aside (WCAG 2.2, 2.5.8 exempts those too).
export const smallTargets = (page) => page.evaluate(() =>
  [...document.querySelectorAll("button, .button, nav a, summary, select, input:not([type=hidden]):not([type=radio]):not([type=checkbox])")]
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && box.height > 0 && box.height < 44)
    .map(([element, box]) => `${element.tagName} "${element.textContent.trim().slice(0, 30)}" ${Math.round(box.height)}`));

// One heading, a title that says page and product, one row of navigation on top, and the heading in sight on a telephone.
export const badLayout = (page) => page.evaluate(() => {
  const headings = [...document.querySelectorAll("h1")];
  const title = document.title.split(" · ");
  const bottom = headings[0]?.getBoundingClientRect().bottom;
  const head = document.querySelector("header.site").offsetHeight;
  return [
    headings.length === 1 ? "" : `${headings.length} headings of the first level`,
    title.length >= 2 && title.at(-1) === "directca" && title.every(Boolean) ? "" : `title "${document.title}"`,
    bottom <= innerHeight / 2 ? "" : `heading ends at ${bottom}`,
    head <= 72 ? "" : `header is ${head} high`,
    [...document.querySelectorAll("pre")].some((block) => block.scrollWidth > block.clientWidth) ? "code is cut off" : "",
  ].filter(Boolean);
});
