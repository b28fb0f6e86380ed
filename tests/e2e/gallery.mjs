// Opens every page of a gallery in the browsers of its people, in both forms, and prints what was found as JSON.
// Standard input: {"base_url", "cookies": {who: {name: value}}, "pages": {name: {who, path, status, send, axe}},
// "shots", "chromium"}; axe, where it is wanted, looks at one of the two forms in turn, `shots` is a folder for pictures, or null.
import { readFileSync } from "node:fs";
import { FORMS, launched, lookedAt } from "./looks.mjs";

const asked = JSON.parse(readFileSync(0, "utf8"));
// Nobody watches and nothing is pressed here: neither a thread that composes pictures, without which clicks would be lost, nor a
// process that draws them.
const browser = await launched(asked.chromium, ["--disable-threaded-compositing", "--in-process-gpu"]);
const seen = {};

async function pageOf(who) {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  await context.addCookies(Object.entries(asked.cookies[who] ?? {}).map(([name, value]) => ({ name, value, url: asked.base_url })));
  const page = await context.newPage();
  page.complaints = [];
  page.form = 0;
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(asked.base_url).origin) page.complaints.push(`asks ${request.url()}`);
  });
  return page;
}

// Opens it; with fields, sends them there as a form of the page would.
async function open(page, { path, send }) {
  const answer = await page.goto(new URL(path, asked.base_url).href);
  if (!send) return answer.status();
  const sent = await Promise.all([page.waitForNavigation(), page.evaluate(([action, fields]) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    const token = document.querySelector("input[name=csrf_token]")?.value ?? "";
    for (const [name, value] of Object.entries({ csrf_token: token, ...fields }))
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    document.body.append(form);
    form.submit();
  }, [path.split("?")[0], send])]);
  return sent[0].status();
}

try {
  const pages = {};
  for (const [turn, [name, wanted]] of Object.entries(asked.pages).entries()) {
    const found = (seen[name] = []);
    const page = (pages[wanted.who] ??= await pageOf(wanted.who));
    page.complaints.length = 0;
    const status = await open(page, wanted);
    if (status !== wanted.status) found.push(`answers ${status}`);
    const pictures = asked.shots && `${asked.shots}/${name}`;
    await lookedAt(page, found, { first: page.form, axe: wanted.axe ? turn % FORMS.length : null, pictures });
    page.form = 1 - page.form; // as it was left is how the next one arrives
    found.push(...page.complaints);
  }
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
