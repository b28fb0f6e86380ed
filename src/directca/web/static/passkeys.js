// Passkeys (WebAuthn), which no page can use without a script. A form appears where the browser can do it; the answer goes into
// the form's hidden field, and the form is sent like any other.
"use strict";

const octets = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const described = (known) => (known ?? []).map((one) => ({ ...one, id: octets(one.id) }));

async function make(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: octets(options.challenge),
      user: { ...options.user, id: octets(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    },
  });
  return answer(made, { attestationObject: text(made.response.attestationObject) });
}

async function show(options) {
  const shown = await navigator.credentials.get({
    publicKey: { ...options, challenge: octets(options.challenge), allowCredentials: described(options.allowCredentials) },
  });
  return answer(shown, {
    authenticatorData: text(shown.response.authenticatorData),
    signature: text(shown.response.signature),
    userHandle: shown.response.userHandle ? text(shown.response.userHandle) : null,
  });
}

const answer = (credential, response) => JSON.stringify({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
  clientExtensionResults: {},
  response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
});

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  const said = form.querySelector("[data-passkey-error]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      form.elements.passkey.value = await (form.dataset.passkey === "make" ? make(options) : show(options));
      form.submit();
    } catch {
      said.hidden = false;
    }
  });
}
if (!window.PublicKeyCredential) document.querySelector("[data-passkey-missing]")?.removeAttribute("hidden");
