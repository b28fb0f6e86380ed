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
  // What is wrong with a form stands above the heading, and takes the focus.
  const mistakes = document.querySelector(".error-summary")?.offsetHeight ?? 0;
  const bottom = headings[0]?.getBoundingClientRect().bottom - mistakes;
  const head = document.querySelector("header.site").offsetHeight;
  return [
    headings.length === 1 ? "" : `${headings.length} headings of the first level`,
    title.length >= 2 && title.at(-1) === "directca" && title.every(Boolean) ? "" : `title "${document.title}"`,
    bottom <= innerHeight / 2 ? "" : `heading ends at ${bottom}`,
    head <= 72 ? "" : `header is ${head} high`,
    [...document.querySelectorAll("pre")].some((block) => block.scrollWidth > block.clientWidth) ? "code is cut off" : "",
  ].filter(Boolean);
});

// A page as a whole, light and wide, then dark and narrow: what was found goes into `seen`, `shots` is a folder for pictures, or null. axe looks
// once, at either in turn: the colours are those of every other page. Nothing moves meanwhile, or axe would judge half-way colours.
export async function looked(page, name, { seen, shots }) {
  const found = (seen[name] = []);
  await page.waitForFunction(() => document.readyState === "complete"); // a page that is just arriving has no document yet
  const turn = Object.keys(seen).length % 2;
  for (const [number, [colorScheme, width]] of [["light", 1280], ["dark", 320]].entries()) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 800 });
    const over = await overflow(page);
    found.push(...(await smallTargets(page)), ...(await badLayout(page)));
    if (number === turn) found.push(...(await findings(page)));
    if (over > 0) found.push(`${colorScheme} ${width}: ${over} too wide`);
    if (shots) await page.screenshot({ path: `${shots}/${name}-${colorScheme}-${width}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1280, height: 800 });
}
