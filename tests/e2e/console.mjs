// Drives a real browser through the console: every page of certificates is looked at, keys are made in the browser and saved, the
// keyboard alone suspends a pair, and without script a pair is renewed. Prints what it saw as JSON.
// Standard input: {"base_url", "username", "password", "record", "new_name", "fixed", "account_pages", "folder", "shots", "chromium"}
import { readFileSync } from "node:fs";
import { launched, looked } from "./looks.mjs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const at = (path) => new URL(path, asked.base_url).href;
const browser = await launched(asked.chromium);
const seen = {};
const complaints = [];
const LIST = "/console/certificates";
const PAIR = `${LIST}/${asked.record}`;
const PASSPHRASE = "a long enough passphrase";

const look = (page, name) => looked(page, name, { seen, shots: asked.shots });

async function signIn(page, next) {
  await page.goto(at(`/sign-in?next=${encodeURIComponent(next)}`));
  await page.fill("#username", asked.username);
  await page.fill("#password", asked.password);
  await page.click("main button");
  await page.waitForURL(at(next));
}

const path = (page) => new URL(page.url()).pathname;
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const ring = getComputedStyle(element).outlineStyle !== "none";
  return { id: element.id, text: element.textContent.trim().slice(0, 40), href: element.getAttribute("href") ?? "", ring };
});

// Every page once, and what a mistake looks like.
async function pages(page) {
  await signIn(page, "/console");
  await look(page, "overview");
  for (const [name, where] of Object.entries({ list: LIST, wrong: `${LIST}?state=good`, pair: PAIR, reissue: `${PAIR}/reissue`,
    revoke: `${PAIR}/revoke`, ...asked.account_pages })) {
    await page.goto(at(where));
    await look(page, name);
  }
  await page.goto(at(`${PAIR}/revoke`));
  await page.check("#reason-unspecified");
  await page.click("main button");
  await look(page, "confirm");
  const asks = await page.textContent("main");
  await page.goto(at(`${LIST}/new`));
  await page.click("main button.button");
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const focus = await page.evaluate(() => document.activeElement.className);
  await look(page, "mistake");
  await page.click(".error-summary a");
  return { asks, focus, field: (await focused(page)).id };
}

// Two keys, a pair, two files; and everything that was sent meanwhile.
async function keys(page, where, name) {
  const sent = [];
  const note = (request) => sent.push(`${request.method()} ${request.url()} ${request.postData() ?? ""}`);
  page.on("request", note);
  await page.goto(at(where));
  await page.waitForSelector("#browser-keys:not([hidden])");
  await page.click("#browser-keys button");
  await page.waitForSelector("#problems:not([hidden])");
  const mistake = await focused(page);
  await look(page, "keys-mistake");
  if (await page.locator("#name").count()) await page.fill("#name", name);
  await page.fill("#passphrase", PASSPHRASE);
  await page.fill("#again", PASSPHRASE);
  await page.click("#browser-keys button");
  await page.waitForSelector("#review:not([hidden])");
  const review = await page.textContent("#review");
  await look(page, "keys-review");
  await page.click("#order button");
  await page.waitForSelector("#encryption-file:not([hidden])");
  await look(page, "keys-save");
  const files = [];
  for (const use of ["signing", "encryption"]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`#${use}-file`)]);
    await download.saveAs(`${asked.folder}/${name}-${use}.p12`);
    files.push(download.suggestedFilename());
  }
  await page.click("#page");
  await page.waitForURL((url) => /^\/console\/certificates\/[0-9a-f]+$/.test(url.pathname));
  page.off("request", note);
  return { mistake: mistake.id, review, files, page: path(page), sent };
}

// Keyboard only: from the list to a suspended pair.
async function keyboard(page) {
  const ringless = [];
  async function tabTo(wanted) {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      const found = await focused(page);
      if (!found.ring) ringless.push(found.text || found.id);
      if (wanted(found)) return;
    }
    throw new Error(`not reached by keyboard: ${wanted}`);
  }
  const enter = async () => {
    const loaded = page.waitForNavigation();
    await page.keyboard.press("Enter");
    await loaded;
  };
  await page.goto(at(LIST));
  await tabTo(({ id }) => id === "name");
  await page.keyboard.type(asked.fixed);
  await enter();
  await tabTo(({ href }) => href.startsWith(`${LIST}/`) && !href.endsWith("new"));
  await enter();
  await tabTo(({ text }) => text.startsWith("Suspend"));
  await enter();
  await tabTo(({ text }) => text.startsWith("Suspend"));
  await enter();
  return { state: await page.textContent(".cert .pill"), ringless };
}

// No script: a pair is renewed, and where script is needed it says so.
async function withoutScript() {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, `${PAIR}/renew`);
  await page.click("main button.button");
  const review = await page.textContent("main");
  await page.click("main button.button");
  const renewed = path(page);
  await page.goto(at(`${LIST}/new/browser`));
  return { review, renewed, says: await page.isVisible("#impossible"), form: await page.isVisible("#browser-keys") };
}

try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  const told = {
    pages: await pages(page),
    plain: await withoutScript(),
    made: await keys(page, `${LIST}/new/browser`, asked.new_name),
    keyboard: await keyboard(page),
  };
  console.log(JSON.stringify({ ...told, seen, complaints }));
} finally {
  await browser.close();
}
