// Records and the application opened over the page, as Bitrix24's slider does. A page inside a slider opens
// further ones through the page around it, so that they lie side by side and not in each other.
"use strict";

const sliderPaths = /^\/(crm|company|marketplace)\//;
const isEmbedded = "embedded" in document.body.dataset;

// Calls back with "close" when the slider was closed, with "error" when there is no such page.
function openSlider(path, whenDone) {
  if (isEmbedded) {
    window.parent.openSlider(path, whenDone);
    return;
  }
  const address = new URL(path, location.origin);
  if (address.origin !== location.origin || !sliderPaths.test(address.pathname)) {
    whenDone({ result: "error", errorCode: "PATH_NOT_AVAILABLE" });
    return;
  }
  address.searchParams.set("IFRAME", "Y");
  const opener = document.activeElement;
  const dialog = document.querySelector("template[data-slider]").content.firstElementChild.cloneNode(true);
  const page = dialog.querySelector("iframe");
  page.src = address;
  page.addEventListener("load", () => { page.title = page.contentDocument?.title ?? ""; });
  dialog.querySelector("[data-slider-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus();
    whenDone({ result: "close" });
  });
  document.body.append(dialog);
  dialog.showModal();
}

function closeSlider() {
  if (isEmbedded) window.parent.closeSlider();
  else [...document.querySelectorAll("dialog.slider[open]")].at(-1)?.close();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isEmbedded) closeSlider();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-closes][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
