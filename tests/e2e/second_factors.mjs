// Drives a real browser with a device of its own (WebAuthn over the debugging protocol) from a first sign-in to a step-up, and
// prints what it saw as JSON.
// Standard input: {"base_url", "username", "password", "later", "person", "shots", "chromium"}; `later` is an address that moves
// the clock, `shots` a folder for pictures, or null.
import { readFileSync } from "node:fs";
import { launched, looked } from "./looks.mjs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const at = (path) => new URL(path, asked.base_url).href;
const browser = await launched(asked.chromium);
const seen = {};
const complaints = [];

const look = (page, name) => looked(page, name, { seen, shots: asked.shots });

async function signIn(page) {
  await page.goto(at("/sign-in?next=%2Fauthority%2Fpeople"));
  await page.fill("#username", asked.username);
  await page.fill("#password", asked.password);
  await page.click("main button");
  await page.waitForLoadState();
}

const named = (page, name) => page.getByRole("button", { name }).or(page.getByRole("link", { name }));
const press = (page, name) => named(page, name).click();
const path = (page) => new URL(page.url()).pathname;

async function arrived(page, wanted) {
  await page.waitForURL((url) => url.pathname === wanted);
  return path(page);
}

try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  const debug = await context.newCDPSession(page);
  await debug.send("WebAuthn.enable");
  const device = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
    isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await debug.send("WebAuthn.addVirtualAuthenticator", { options: device });

  await signIn(page);
  const led = path(page);
  await look(page, "enrol");
  await press(page, "Add a passkey");
  await look(page, "add-passkey");
  await page.fill("#name", "work laptop");
  await press(page, "Make the passkey");
  await page.waitForSelector("#codes");
  await look(page, "recovery-codes");
  const codes = (await page.textContent("#codes")).trim().split("\n");
  await press(page, "I have kept them");
  const enrolled = await arrived(page, "/authority/people");

  await page.goto(at(`/authority/people?username=${encodeURIComponent(asked.person)}`));
  await look(page, "people");
  await press(page, "Sign out");
  await signIn(page);
  const challenged = path(page);
  await look(page, "second-factor");
  await press(page, "Use a passkey");
  const signedIn = await arrived(page, "/authority/people");

  await page.goto(at(`/authority/people?username=${encodeURIComponent(asked.person)}`));
  await page.goto(at(asked.later));
  await page.goBack();
  await page.selectOption("#role", "ra_officer");
  await press(page, "Grant the role");
  const steppedUp = await arrived(page, "/sign-in/second-factor");
  await press(page, "Use a passkey");
  await arrived(page, "/authority/people");
  await page.goto(at(`/authority/people?username=${encodeURIComponent(asked.person)}`));
  await page.selectOption("#role", "ra_officer");
  await press(page, "Grant the role");
  await named(page, "Withdraw “RA officer”").waitFor();
  const granted = await named(page, "Withdraw “RA officer”").count();

  await page.goto(at("/account/security"));
  await look(page, "security");
  await press(page, "Add an app");
  await look(page, "add-app");
  await page.goto(at("/account/security"));
  await press(page, "Remove work laptop");
  await look(page, "remove");

  // A device that asks for nobody's finger, and then one that has no passkey of ours: neither gets further.
  await page.goto(at("/sign-in/second-factor"));
  await debug.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await press(page, "Use a passkey");
  await page.waitForSelector("[data-passkey-error]:visible");
  const unverified = path(page);
  await debug.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  await debug.send("WebAuthn.clearCredentials", { authenticatorId });
  await page.reload();
  await press(page, "Use a passkey");
  await page.waitForSelector("[data-passkey-error]:visible");

  const plain = await browser.newContext({ javaScriptEnabled: false });
  const without = await plain.newPage();
  await signIn(without);
  const noButton = await named(without, "Use a passkey").isVisible();
  await without.fill("#code", codes[0]);
  await press(without, "Continue with the code");
  const withoutScript = path(without);
  console.log(JSON.stringify({ led, codes: codes.length, enrolled, challenged, signedIn, steppedUp, granted, unverified, noButton,
    withoutScript, seen, complaints }));
} finally {
  await browser.close();
}
