// Keys made in the browser. Two RSA keys come from WebCrypto, PKI.js wraps them: first into the certification requests, which are sent, and
// at the end, with the certificates, into PKCS #12 files, which are saved here. Private keys are in no request of this page.
import {
  Attribute, AttributeTypeAndValue, AuthenticatedSafe, BmpString, CertBag, Certificate, CertificationRequest, fromBER, OctetString, PFX,
  PKCS8ShroudedKeyBag, PrivateKeyInfo, SafeBag, SafeContents, Utf8String,
} from "./vendored/pkijs.js";

const USES = ["signing", "encryption"];
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
const AES = { contentEncryptionAlgorithm: { name: "AES-CBC", length: 256 }, hmacHashAlgorithm: "SHA-256", iterationCount: 600_000 };
const MAC = { iterations: 100_000, pbkdf2HashAlgorithm: "SHA-256", hmacHashAlgorithm: "SHA-256" };
const OID = {
  commonName: "2.5.4.3", friendlyName: "1.2.840.113549.1.9.20", localKeyId: "1.2.840.113549.1.9.21",
  keyBag: "1.2.840.113549.1.12.10.1.2", certBag: "1.2.840.113549.1.12.10.1.3", x509: "1.2.840.113549.1.9.22.1",
};

const form = document.querySelector("#browser-keys");
const field = (name) => form.elements[name];
const part = (id) => document.querySelector(`#${id}`);
const base64 = (bytes) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
const bytesOf = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const fixedName = form.dataset.name;
let keys;
let sent;
const unsaved = new Set();

if (globalThis.crypto?.subtle) {
  part("impossible").hidden = true;
  form.hidden = false;
} else {
  part("impossible").textContent = "This browser makes keys on pages that come over https only.";
}
// Before the certificates are ordered nothing is lost by leaving; afterwards the keys would be.
addEventListener("beforeunload", (event) => unsaved.size && event.preventDefault());
form.addEventListener("submit", (event) => step(event, rehearse));
part("order").addEventListener("submit", (event) => step(event, order));
part("change").addEventListener("click", () => {
  show("browser-keys");
  form.querySelector("input:not([type=hidden]), select").focus();
});

// One step at a time: what it is doing is told, and what went wrong stands on top and takes the focus.
async function step(event, work) {
  event.preventDefault();
  const buttons = event.target.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  complain([]);
  try {
    await work();
  } catch (error) {
    complain(error.found ?? [[null, `${error.message || error}`]]);
  }
  tell("");
  for (const button of buttons) button.disabled = false;
}

async function rehearse() {
  const name = fixedName || field("name").value.trim().toLowerCase();
  const wrong = [];
  if (!name) wrong.push(["name", "Enter the address or the domain."]);
  if (!/^[\x20-\x7e]{12,}$/.test(field("passphrase").value))
    wrong.push(["passphrase", "Choose twelve characters or more, all of an English keyboard."]);
  else if (field("passphrase").value !== field("again").value) wrong.push(["again", "The two passphrases differ."]);
  if (wrong.length) throw Object.assign(new Error("not filled"), { found: wrong });
  if (keys?.name !== name) {
    tell("Making two keys. This takes some seconds.");
    const kind = { ...RSA, modulusLength: Number(form.dataset.bits) };
    const pairs = await Promise.all(USES.map(() => crypto.subtle.generateKey(kind, true, ["sign", "verify"])));
    keys = { name, signing: pairs[0], encryption: pairs[1] };
  }
  tell("Asking what would be issued.");
  sent = new URLSearchParams({ csrf_token: field("csrf_token").value, keys: "new" });
  for (const use of USES) sent.set(use, await request(keys[use], name));
  for (const other of ["years", "category"]) if (field(other)) sent.set(other, field(other).value);
  if (field("immediately")?.checked) sent.set("immediately", "yes");
  const { review } = await ask(sent);
  for (const fact of ["identifier", "until", "price", "left"]) part(fact).textContent = review[fact];
  // However often this order is sent, one pair comes of it.
  sent.set("key", base64(crypto.getRandomValues(new Uint8Array(18))));
  sent.set("confirmed", "yes");
  show("review");
}

async function order() {
  tell("Ordering.");
  const pair = await ask(sent);
  for (const use of USES) unsaved.add(use);
  show("save");
  part("page").href = pair.page;
  tell("Making the PKCS #12 files.");
  for (const use of USES) {
    const file = await pkcs12(keys[use].privateKey, [pair[use], ...pair.chain].map(bytesOf), `${pair.identifier} ${use}`);
    const link = part(`${use}-file`);
    link.href = URL.createObjectURL(new Blob([file], { type: "application/x-pkcs12" }));
    link.download = `${pair.identifier}-${use}.p12`;
    link.hidden = false;
    link.addEventListener("click", () => unsaved.delete(use));
  }
}

// PKCS #10 with the name alone; everything else in the certificates comes from vetted records.
async function request({ publicKey, privateKey }, name) {
  const made = new CertificationRequest();
  made.version = 0;
  made.subject.typesAndValues.push(new AttributeTypeAndValue({ type: OID.commonName, value: new Utf8String({ value: name }) }));
  made.attributes = [];
  await made.subjectPublicKeyInfo.importKey(publicKey);
  await made.sign(privateKey, "SHA-256");
  return base64(made.toSchema().toBER());
}

// RFC 7292 with PBES2 (AES-256, PBKDF2 with HMAC-SHA-256): the key, its certificate and the chain, under the passphrase.
async function pkcs12(privateKey, certificates, name) {
  const password = new TextEncoder().encode(field("passphrase").value).buffer;
  const parse = (bytes) => fromBER(new Uint8Array(bytes).buffer).result;
  const id = await crypto.subtle.digest("SHA-1", certificates[0]);
  const mark = [
    new Attribute({ type: OID.friendlyName, values: [new BmpString({ value: name })] }),
    new Attribute({ type: OID.localKeyId, values: [new OctetString({ valueHex: id })] }),
  ];
  const key = new PKCS8ShroudedKeyBag({
    parsedValue: new PrivateKeyInfo({ schema: parse(await crypto.subtle.exportKey("pkcs8", privateKey)) }),
  });
  await key.makeInternalValues({ password, ...AES });
  const bags = certificates.map((der, number) => new SafeBag({
    bagId: OID.certBag,
    bagValue: new CertBag({ parsedValue: new Certificate({ schema: parse(der) }) }),
    ...(number === 0 && { bagAttributes: mark }),
  }));
  const safe = new AuthenticatedSafe({
    parsedValue: {
      safeContents: [
        { privacyMode: 0, value: new SafeContents({ safeBags: [new SafeBag({ bagId: OID.keyBag, bagValue: key, bagAttributes: mark })] }) },
        { privacyMode: 1, value: new SafeContents({ safeBags: bags }) },
      ],
    },
  });
  await safe.makeInternalValues({ safeContents: [{}, { password, ...AES }] });
  const file = new PFX({ parsedValue: { integrityMode: 0, authenticatedSafe: safe } });
  await file.makeInternalValues({ password, ...MAC });
  return file.toSchema().toBER();
}

async function ask(body) {
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
  if (!answer.headers.get("content-type")?.startsWith("application/json"))
    throw new Error("The server did not take the order. Your session may have ended: sign in again in another tab, then go on here.");
  const content = await answer.json();
  if (content.errors) throw Object.assign(new Error("refused"), { found: content.errors });
  return content;
}

function show(id) {
  for (const one of ["browser-keys", "review", "save"]) part(one).hidden = one !== id;
  part(id).querySelector("h2")?.focus();
}

function tell(text) {
  part("status").textContent = text;
}

// What the server says of the requests is about the name: this page has no field for them.
function complain(found) {
  for (const old of document.querySelectorAll(".field.wrong")) {
    old.classList.remove("wrong");
    old.querySelector(".error")?.remove();
    old.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  }
  const summary = part("problems");
  summary.hidden = !found.length;
  summary.querySelector("ul").replaceChildren(...found.map(([about, sentence]) => {
    const input = field(USES.includes(about) ? "name" : about ?? "") ?? null;
    const line = document.createElement("li");
    const words = input ? Object.assign(document.createElement("a"), { href: `#${input.id}` }) : line;
    words.textContent = sentence;
    if (input) {
      line.append(words);
      const error = Object.assign(document.createElement("span"), { className: "error", id: `${input.id}-error`, textContent: sentence });
      input.before(error);
      input.setAttribute("aria-invalid", "true");
      input.closest(".field")?.classList.add("wrong");
    }
    return line;
  }));
  if (found.length) summary.focus();
}
