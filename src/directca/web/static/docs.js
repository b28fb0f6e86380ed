// Conveniences of the documentation; every page says the same without them.
"use strict";

// One language for all samples: choosing a tab opens it everywhere, and on the pages that follow.
const LANGUAGE = "directca-language";

function openLanguage(language) {
  for (const tab of document.querySelectorAll(`[data-tabs] > input[value="${CSS.escape(language)}"]`)) tab.checked = true;
}

function recalled() {
  try {
    return sessionStorage.getItem(LANGUAGE);
  } catch {
    return null; // storage is switched off: nothing is remembered
  }
}

const before = recalled();
if (before) openLanguage(before);

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-tabs] > input")) return;
  const place = event.target.getBoundingClientRect().top;
  openLanguage(event.target.value);
  window.scrollBy(0, event.target.getBoundingClientRect().top - place);
  try {
    sessionStorage.setItem(LANGUAGE, event.target.value);
  } catch {
    // as above
  }
});

// The authorize link as one types: the server is asked for the same page and its answer is put in place, so there is one rule.
for (const form of document.querySelectorAll("[data-authorize-form]")) {
  let waiting;
  let asked = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const turn = ++asked;
      const address = new URL(form.getAttribute("action"), location.href);
      address.search = new URLSearchParams(new FormData(form)).toString();
      const answer = await fetch(address).catch(() => null);
      if (turn !== asked || !answer || !answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      // The link's text changes in place, so that its copy button stays; the note below it is exchanged.
      document.getElementById("authorize-link").textContent = page.getElementById("authorize-link").textContent;
      document.getElementById("authorize-note").replaceChildren(...page.getElementById("authorize-note").childNodes);
    }, 200);
  });
}
