// From an invitation to a certificate and its end, in a real browser: as administrator, applicant, two officers, operator, auditor
// and somebody of another account. What is outside the browser (mail, name servers, commands, an authenticator app) is asked of
// the test line by line: {"ask": "mail", "with": ["hana@clinic.example"]} out, its answer in. The last line is what was seen.
// First line of standard input: {"base_url", "password", "domain", "mailed", "folder", "shots", "chromium", "account", "markup"}
import { createInterface } from "node:readline";
import { launched, looked } from "./looks.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => JSON.parse((await lines.next()).value);
const asked = await heard();
const at = (path) => new URL(path, asked.base_url).href;
const ask = (what, ...given) => {
  console.log(JSON.stringify({ ask: what, with: given }));
  return heard();
};

const browser = await launched(asked.chromium);
const seen = {};
const complaints = [];
const said = {};
const ORGANIZATIONS = "/console/organizations";
const PASSPHRASE = "a long enough passphrase";
const SESSION = "directca_session";

const path = (page) => new URL(page.url()).pathname;
const last = (page) => path(page).split("/").at(-1);
const text = (page) => page.textContent("main");
const secret = async (page) => (await page.context().cookies()).find(({ name }) => name === SESSION)?.value;

// Whoever comes has a browser of their own. What somebody wrote as markup must never have become any.
async function somebody() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`a script of somebody else's ran: ${dialog.message()}`) && dialog.dismiss());
  page.on("load", async () => {
    const planted = await page.locator("[onerror], img[src=x]").count().catch(() => 0);
    if (planted) complaints.push(`markup that somebody wrote stands in ${path(page)}`);
  });
  return page;
}

// Pages that another test or another look of this way has in the same state, or a fuller one: here only if pictures are wanted.
const ELSEWHERE = new Set(["pair", "certificates", "revoke", "revoke-confirm", "revoked", "overview", "users", "billing",
  "statement", "named", "approved", "no-address", "top-up"]);
const look = async (page, name) => {
  if (asked.shots || !ELSEWHERE.has(name)) await looked(page, name, { seen, shots: asked.shots });
};

async function open(page, where) {
  const answer = await page.goto(at(where));
  if (answer.status() >= 400) throw new Error(`${where}: ${answer.status()} ${await text(page)}`);
}

// Press what is called so, and be on the page that follows.
async function press(page, name) {
  const found = page.locator("main").getByRole("button", { name }).or(page.locator("main").getByRole("link", { name })).first();
  const [answer] = await Promise.all([page.waitForNavigation(), found.click()]);
  if (answer.status() >= 500 || await page.locator(".error-summary:not([hidden])").count()) throw new Error(`${name}: ${await text(page)}`);
}

async function fill(page, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`[id="${name}"]`);
    if (value === true) await field.check();
    else if (typeof value === "number") await field.selectOption({ index: value });
    else if (await field.evaluate(({ tagName }) => tagName === "SELECT")) await field.selectOption(value);
    else await field.fill(value);
  }
}

// Signs in, with a secret that somebody could have planted before: it must be worth nothing afterwards.
async function signIn(page, username, next = "/console") {
  await page.goto(at(`/sign-in?next=${encodeURIComponent(next)}`));
  const planted = await secret(page);
  await fill(page, { username, password: asked.password });
  await press(page, "Sign in");
  if (await secret(page) === planted) complaints.push(`${username} goes on with the secret of before`);
}

async function signOut(page) {
  await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Sign out" }).click()]);
}

// Somebody of the authority: an app is added at the first sign-in, and its code is the second factor.
async function staff(username, next) {
  const page = await somebody();
  await signIn(page, username, next);
  await press(page, "Add an app");
  const key = (await page.textContent("#key")).replaceAll(/\s/g, "");
  await fill(page, { code: await ask("code", key) });
  await press(page, "Add the app");
  const codes = (await page.textContent("#codes")).trim().split("\n");
  await press(page, "I have kept them");
  return { page, codes };
}

async function invited() {
  const maria = await somebody();
  await signIn(maria, "maria");
  await look(maria, "empty-overview");
  await open(maria, "/console/users");
  await look(maria, "users");
  await fill(maria, { email: "hana@clinic.example" });
  await press(maria, "Send the invitation");
  said.invitations = await text(maria);
  const letter = await ask("mail", "hana@clinic.example", "/invitation");
  const link = letter.match(/http:\S+\/invitation\S+/)[0];
  const hana = await somebody();
  await hana.goto(link);
  await look(hana, "invitation");
  await fill(hana, { display_name: `Hana ${asked.markup}`, password: asked.password });
  await press(hana, "Join");
  await look(hana, "joined");
  await press(hana, "Sign in");
  await fill(hana, { username: "hana@clinic.example", password: asked.password });
  await press(hana, "Sign in");
  said.again = (await hana.goto(link)).status();
  return { maria, hana };
}

async function applied(hana) {
  await open(hana, "/console");
  await press(hana, "Go to your organizations");
  await look(hana, "no-organization");
  await press(hana, "Apply for an organization");
  await fill(hana, { legal_name: "Springfield Clinic", street: "1 Main Street", locality: "Springfield", state: "Illinois",
    postal_code: "62701", existence_evidence: 1, existence_reference: "IL 4711", npi: "1234567893", main_type: 1, attested: true,
    attested_by: "Alice Adams", attested_title: "Director" });
  await look(hana, "organization-form");
  await press(hana, "Save the draft");
  const kase = path(hana);
  await look(hana, "draft");
  await press(hana, "Name somebody");
  await look(hana, "person-form");
  await fill(hana, { name: "Alice Adams", title: "Director", method: "in_person", verifier: "Nora Notary", proofed_at: asked.today,
    evidence_type_1: "passport", evidence_number_1: "C01X0006H", declared_by_representative: true, declared_by_verifier: true });
  await press(hana, "Name this person");
  said.masked = !(await text(hana)).includes("C01X0006H");
  await look(hana, "named");
  await press(hana, "Submit it to the authority");
  await fill(hana, { text: `When will it be decided? ${asked.markup}` });
  await press(hana, "Send it");
  await look(hana, "submitted");
  return kase;
}

// The first officer asks back; once that is answered she and another one approve, each with a second factor just shown.
async function decided(hana, kase) {
  const olga = await staff("olga", "/console/queue");
  await look(olga.page, "queue");
  await press(olga.page, "Springfield Clinic");
  await look(olga.page, "deciding");
  const here = path(olga.page);
  await fill(olga.page, { text: `Which street? ${asked.markup}` });
  await press(olga.page, "Send back");
  await open(hana, kase);
  said.sentBack = await text(hana);
  await look(hana, "sent-back");
  await press(hana, "Change the facts");
  await fill(hana, { street: "2 Main Street" });
  await press(hana, "Save the draft");
  await press(hana, "Submit it to the authority");
  await ask("wait", "olga");
  await open(olga.page, here);
  await look(olga.page, "step-up");
  await press(olga.page, "Show it now");
  await fill(olga.page, { code: olga.codes[0] });
  await press(olga.page, "Continue with the code");
  said.cameBack = path(olga.page) === here;
  await fill(olga.page, { text: "All is as it should be." });
  await press(olga.page, "Approve");
  said.first = await text(olga.page);
  const oskar = await staff("oskar", here);
  await fill(oskar.page, { text: "I think so too." });
  await press(oskar.page, "Approve");
  await look(oskar.page, "approved");
  const person = (await oskar.page.locator('a[href*="/cases/people/"]').getAttribute("href")).split("/").at(-2);
  await open(hana, kase);
  said.approved = await text(hana);
  await look(hana, "case-approved");
  await open(hana, ORGANIZATIONS);
  await press(hana, "Springfield Clinic");
  await look(hana, "organization");
  return { olga: olga.page, organization: last(hana), person };
}

async function claimed(hana) {
  await open(hana, "/console/domains");
  await look(hana, "no-domain");
  await fill(hana, { domain: asked.domain, method: "dns_txt" });
  await press(hana, "Claim the domain");
  await look(hana, "claimed");
  await ask("publish", asked.domain, (await hana.textContent("#record")).trim());
  await press(hana, "Check now");
  said.verified = await text(hana);
  await look(hana, "verified");
  const challenge = last(hana);
  await open(hana, "/console/domains");
  await fill(hana, { domain: asked.mailed, method: "role_address", mailbox: "postmaster" });
  await press(hana, "Claim the domain");
  await look(hana, "mailed");
  const letter = await ask("mail", `postmaster@${asked.mailed}`, asked.mailed);
  await fill(hana, { code: letter.match(/^\s*([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})\s*$/m)[1] });
  await press(hana, "Show control by this code");
  said.confirmed = await text(hana);
  await open(hana, "/console/domains");
  await look(hana, "domains");
  return challenge;
}

// What only a representative may do: the operator grants the role, which ends the session.
async function authorized(hana, organization) {
  await open(hana, "/console/addresses");
  await look(hana, "addresses-of-others");
  said.notYet = await text(hana);
  said.noForm = (await hana.locator("#address").count()) === 0;
  await ask("represent", "hana@clinic.example", organization);
  await open(hana, "/console/addresses");
  said.endedSession = path(hana);
  await signIn(hana, "hana@clinic.example", "/console/addresses");
  await look(hana, "no-address");
  await fill(hana, { address: asked.name });
  await press(hana, "Authorize the address");
  await look(hana, "addresses");
}

async function paid(hana) {
  await open(hana, "/console/billing");
  await look(hana, "billing");
  await fill(hana, { amount: "100.00", method: "wire" });
  await press(hana, "Show how to pay");
  await look(hana, "top-up");
  const reference = (await text(hana)).match(/TU-[0-9A-Z]{4}-[0-9A-Z]{4}/)[0];
  await ask("confirm", reference);
  await hana.reload();
  said.paid = await text(hana);
  await look(hana, "received");
  return last(hana);
}

// A pair whose keys were made here; both files.
let saved = 0;
async function made(page, where, name) {
  await open(page, where);
  await page.waitForSelector("#browser-keys:not([hidden])");
  if (await page.locator("#name").count()) await fill(page, { name });
  await fill(page, { passphrase: PASSPHRASE, again: PASSPHRASE });
  await page.click("#browser-keys button");
  await page.waitForSelector("#review:not([hidden])");
  await page.click("#order button");
  await page.waitForSelector("#encryption-file:not([hidden])");
  const files = [];
  for (const use of ["signing", "encryption"]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`#${use}-file`)]);
    files.push(`${asked.folder}/${saved++}-${download.suggestedFilename()}`);
    await download.saveAs(files.at(-1));
  }
  await Promise.all([page.waitForNavigation(), page.click("#page")]);
  return { record: last(page), files };
}

async function certified(hana) {
  await open(hana, "/console/letters");
  await fill(hana, { "certificate.revoked": true, "certificate.issued": true });
  await press(hana, "Write about these");
  const first = await made(hana, "/console/certificates/new/browser", asked.name);
  await look(hana, "pair");
  said.files = {};
  for (const file of ["signing.pem", "signing.cer", "signing.p7c", "encryption.pem", "pair.p7c", "chain.pem", "chain.p7c"]) {
    const [download] = await Promise.all([hana.waitForEvent("download"), hana.locator(`a[href$="/${file}"]`).click()]);
    said.files[file] = `${asked.folder}/${file}`;
    await download.saveAs(said.files[file]);
  }
  const pair = path(hana);
  await open(hana, "/console/certificates");
  await look(hana, "certificates");
  const second = await made(hana, `${pair}/reissue/browser`, asked.name);
  await press(hana, "Revoke");
  await look(hana, "revoke");
  await hana.check("input[name=reason][value=keyCompromise]");
  await press(hana, "Go on");
  said.asks = await text(hana);
  await look(hana, "revoke-confirm");
  await press(hana, "Revoke");
  said.revoked = await text(hana);
  await look(hana, "revoked");
  for (const [name, where] of Object.entries({ orders: "orders", invoices: "invoices", statement: "statement" })) {
    await open(hana, `/console/billing/${where}`);
    await look(hana, name);
  }
  await open(hana, "/console/billing/orders");
  const order = (await hana.locator('main a[href^="/console/billing/orders/"]').first().getAttribute("href")).split("/").at(-1);
  await open(hana, "/console/billing/invoices");
  const invoice = (await hana.locator('main a[href^="/console/billing/invoices/"]').first().getAttribute("href")).split("/").at(-1);
  return { record: first.record, reissued: second.record, made: [first.files, second.files], order, invoice };
}

async function audited() {
  const { page } = await staff("kim", "/console/journal");
  await look(page, "journal");
  await open(page, "/console/journal?kind=case");
  said.cases = await text(page);
  await page.locator('main a[href^="/console/journal/rows/"]').first().click();
  await look(page, "row");
  await open(page, "/console/journal/verification");
  await press(page, "Verify the whole journal");
  for (let looks = 0; looks < 50 && (await page.locator("#running").count()); looks++) {
    await page.waitForTimeout(100);
    await page.reload();
  }
  said.walked = await text(page);
  await look(page, "verification");
  await open(page, "/console/journal/copy");
  await look(page, "copy");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON lines" }).click()]);
  said.copy = `${asked.folder}/journal.jsonl`;
  await download.saveAs(said.copy);
  return page;
}

// Wherever a link wants to lead, somebody who signs in stays here.
async function redirected(page, username) {
  const arrived = {};
  for (const next of ["//evil.example/", "/\\evil.example/", "https://evil.example/console", "javascript:alert(1)"]) {
    await signIn(page, username, next);
    arrived[next] = page.url();
    await signOut(page);
  }
  return arrived;
}

try {
  const { maria, hana } = await invited();
  const kase = await applied(hana);
  const { olga, organization, person } = await decided(hana, kase);
  const challenge = await claimed(hana);
  await authorized(hana, organization);
  const topUp = await paid(hana);
  const pair = await certified(hana);
  const kim = await audited();
  await open(hana, "/console");
  await look(hana, "overview");
  const stranger = await somebody();
  const arrived = await redirected(stranger, "steve");
  await signIn(stranger, "steve");
  const secrets = {};
  for (const [name, page] of Object.entries({ maria, hana, olga, kim, stranger })) secrets[name] = await secret(page);
  const user = await ask("person", "hana@clinic.example");
  console.log(JSON.stringify({ ask: "done", with: [{ ...said, pair, arrived, secrets, seen, complaints, objects: {
    record: pair.record, organization, case: kase.split("/").at(-1), challenge, top_up: topUp, order: pair.order,
    number: pair.invoice, user, person } }] }));
} finally {
  await browser.close();
}
