// Drives a real browser over the pages, as people with different needs would, and prints what it saw as JSON.
// Standard input: {"base_url", "username", "password", "authorize", "redirect_uri", "pages": [...], "own_pages": [...], "chromium"}.
import { readFileSync } from "node:fs";
import { findings, formed, laidOut, launched } from "./looks.mjs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const at = (path) => new URL(path, asked.base_url).href;
const browser = await launched(asked.chromium);

// The application's own address answers nothing in a test: that the browser sets out for it is what is noted.
async function newContext(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.foreign = [];
  context.left = new Promise((resolve) => {
    context.on("request", (request) => {
      if (request.url().startsWith(asked.redirect_uri)) resolve(request.url());
      else if (new URL(request.url()).origin !== new URL(asked.base_url).origin) context.foreign.push(request.url());
    });
  });
  return context;
}

// Where the browser was sent, once it has left this server.
function left(context) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("never sent to the application")), 20_000).unref());
  return Promise.race([context.left, late]);
}

async function newPage(context) {
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => {
    // Chromium reports a page's own status 4xx as an error of the console; that is what such a page is.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource: the server responded with"))
      page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  return page;
}

async function signIn(page, password = asked.password) {
  await page.goto(at("/sign-in"));
  await page.fill("#username", asked.username);
  await page.fill("#password", password);
  await page.click("main button");
  await page.waitForLoadState();
}

const FORMS = [["light", 1280], ["dark", 1280], ["light", 640], ["light", 320], ["dark", 320]];
const AXE_LOOKS = ["light 1280", "dark 320"];

// Each page is opened once and then looked at in each form. axe looks at one of two in turn: the colours are those of every other
// page, and colours know nothing of widths.
async function look(state) {
  const seen = {};
  for (const [paths, storageState] of [[asked.pages, undefined], [asked.own_pages, state]]) {
    const context = await newContext({ storageState, reducedMotion: "reduce" });
    const page = await newPage(context);
    for (const path of paths) {
      page.complaints.length = 0;
      await page.goto(at(path));
      const entry = (seen[path] = { axe: [], overflow: [], foreign: [], complaints: [], small: [], layout: [] });
      const axeLook = AXE_LOOKS[Object.keys(seen).length % AXE_LOOKS.length];
      for (const [colorScheme, width] of FORMS) {
        const where = `${colorScheme} ${width}`;
        await formed(page, [colorScheme, width]);
        if (where === axeLook) entry.axe.push(...(await findings(page)).map((found) => `${where}: ${found}`));
        const { over, small, layout } = await laidOut(page);
        if (over > 0) entry.overflow.push(`${where}: ${over}`);
        entry.small.push(...small.map((found) => `${where}: ${found}`));
        entry.layout.push(...layout.map((found) => `${where}: ${found}`));
      }
      entry.complaints.push(...page.complaints);
      entry.foreign.push(...context.foreign.splice(0));
    }
    await context.close();
  }
  return seen;
}

// Keyboard only: never a click. Tells what had the focus and whether a ring was to be seen.
async function keyboard(decision) {
  const context = await newContext();
  const page = await newPage(context);
  const rings = [];
  const focused = () => page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    return { name: element.name ?? "", value: element.value ?? "", text: element.textContent.trim().slice(0, 40),
      ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
  });
  async function tabTo(wanted) {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      const found = await focused();
      rings.push(found);
      if (wanted(found)) return;
    }
    throw new Error(`not reached by keyboard: ${wanted}`);
  }
  await page.goto(asked.authorize);
  await page.keyboard.press("Tab");
  const skip = await focused();
  await page.keyboard.press("Enter");
  await tabTo((element) => element.name === "username");
  await page.keyboard.type(asked.username);
  await tabTo((element) => element.name === "password");
  await page.keyboard.type(asked.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/oauth\/authorize/);
  const consent = await page.textContent("main");
  await tabTo((element) => element.name === "decision" && element.value === decision);
  await page.keyboard.press("Enter");
  const arrived = await left(context);
  const answer = { skip: skip.text, ringless: rings.filter((one) => !one.ring).map((one) => one.text || one.name), consent, arrived };
  await context.close();
  return answer;
}

// No script: everything that matters still works.
async function withoutScript() {
  const context = await newContext({ javaScriptEnabled: false });
  const page = await newPage(context);
  await signIn(page);
  const signedIn = new URL(page.url()).pathname;
  await page.click("form.theme button[value=dark]");
  const theme = await page.getAttribute("html", "data-theme");
  await page.goto(asked.authorize);
  await page.click("button[value=refuse]", { noWaitAfter: true });
  const arrived = await left(context);
  await page.waitForTimeout(200); // until the browser has given up on an address where nobody listens
  await page.goto(at("/account/applications"));
  await page.click("header form button");
  const signedOut = await page.textContent("h1");
  const copyButtons = await page.locator("button.copy:visible").count();
  await context.close();
  return { signedIn, theme, arrived, signedOut, copyButtons };
}

async function mistakes() {
  const context = await newContext();
  const page = await newPage(context);
  await page.goto(at("/sign-in"));
  await page.click("main button");
  // A browser moves the focus with the first picture that it draws.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const focus = await page.evaluate(() => document.activeElement.className);
  const title = await page.title();
  await page.click(".error-summary a");
  const field = await page.evaluate(() => document.activeElement.id);
  const axe = await findings(page);
  await context.close();
  return { focus, title, field, axe };
}

try {
  const context = await newContext();
  const page = await newPage(context);
  await signIn(page);
  const state = await context.storageState();
  const answer = {
    seen: await look(state),
    granted: await keyboard("grant"),
    refused: await keyboard("refuse"),
    withoutScript: await withoutScript(),
    mistakes: await mistakes(),
  };
  console.log(JSON.stringify(answer));
} finally {
  await browser.close();
}
