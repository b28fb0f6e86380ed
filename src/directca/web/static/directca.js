// Copy buttons. Everything else on the pages works without scripts; a button that could do nothing is not shown.
"use strict";

for (const button of document.querySelectorAll("button.copy[data-copy]")) {
  const source = document.querySelector(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  const label = button.textContent;
  const status = document.createElement("span");
  status.className = "hidden-label";
  status.setAttribute("role", "status");
  button.after(status);
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = source.dataset.value ?? source.innerText;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      status.textContent = "Copied to the clipboard";
    } catch {
      button.textContent = "Not copied";
      status.textContent = "The browser did not allow copying";
    }
    setTimeout(() => {
      button.textContent = label;
      status.textContent = "";
    }, 2000);
  });
}
