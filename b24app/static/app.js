// Opens records in the portal's slider, posts forms and swaps the HTML that comes back, fits the frame.
// Builds no HTML, decides nothing, sets no cookie. Everything also works without it, only slower.
"use strict";

const REFRESH_EVERY_MS = 3000;
const TYPED_MS = 400; // after which a name that is being typed is looked for
const AGES = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const language = document.documentElement.lang;
const failurePlace = document.querySelector("[data-failure-place]");
const live = document.querySelector("[data-live]");
let bx24 = null; // the portal's API, once it has answered
let fittedHeight = 0;
let search = 0; // the timer of a name that is being typed

function fitFrame() {
  const height = document.body.offsetHeight; // the document itself is never lower than its frame
  if (bx24 && height !== fittedHeight) {
    fittedHeight = height;
    bx24.fitWindow();
  }
}

function startInPortal() {
  if (typeof BX24 === "undefined") return;
  BX24.init(() => {
    bx24 = BX24;
    fitFrame();
    if (document.querySelector("[data-install-finish]")) BX24.installFinish();
  });
}

function age(moment) {
  const seconds = Math.round((Date.now() - moment) / 1000);
  const [unit, length] = AGES.find(([, size]) => seconds >= size) || AGES[3];
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  return format.format(-Math.max(0, Math.floor(seconds / length)), unit);
}

// Spells moments in the reader's own time zone; the server wrote them in UTC.
function spellTimes(root) {
  const full = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
  const short = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Object.keys(time.dataset).length) time.title = full.format(moment);
    if ("moment" in time.dataset) time.textContent = short.format(moment);
    if ("day" in time.dataset) time.textContent = day.format(moment);
    if ("ago" in time.dataset) time.textContent = age(moment);
  }
}

// Hours and days that are typed are meant in the reader's time zone, unless they were kept in another.
function nameZone(root) {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const field of root.querySelectorAll('input[name="time_zone"][value=""]')) {
    field.value = zone;
    for (const shown of field.form.querySelectorAll("[data-zone]")) shown.textContent = zone;
  }
}

function tellFailure(...content) {
  failurePlace.replaceChildren(...content);
  failurePlace.hidden = content.length === 0;
  if (content.length) failurePlace.scrollIntoView({ block: "nearest" });
}

// Puts the part of the answer that has the same name into the place of ours; without one, shows the refusal.
function swap({ swap: part, goal }, answer, isQuiet) {
  const place = document.querySelector(`[data-part="${part}"]`);
  const fresh = answer.querySelector(`[data-part="${part}"]`);
  if (!place || !fresh) {
    const refusal = answer.querySelector("[data-refusal]");
    tellFailure(refusal ? document.importNode(refusal, true) : document.body.dataset.failure);
    return;
  }
  tellFailure();
  if (part.startsWith("picker-")) keepTicks(place, fresh);
  const opened = [...place.querySelectorAll("details[open][data-keep]")].map((box) => box.dataset.keep);
  place.replaceWith(document.importNode(fresh, true));
  const swapped = document.querySelector(`[data-part="${part}"]`);
  for (const box of swapped.querySelectorAll("details[data-keep]")) box.open = opened.includes(box.dataset.keep);
  spellTimes(swapped);
  nameZone(swapped);
  offerFilters(swapped);
  const heading = swapped.querySelector(goal ? `[data-place="${goal}"]` : "[data-announce]");
  const told = swapped.querySelector("[data-tell]") ?? (isQuiet ? null : heading);
  if (!isQuiet) heading?.focus();
  if (told) live.textContent = told.textContent.trim();
  refreshLater(swapped);
}

async function post(form, submitter, isQuiet) {
  const place = form.closest("[data-part]");
  const fields = new URLSearchParams(new FormData(form, submitter));
  place?.setAttribute("aria-busy", "true");
  if (submitter) submitter.disabled = true;
  try {
    const address = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
    const response = await fetch(address, { method: "POST", body: fields });
    swap({ ...form.dataset, ...submitter?.dataset }, new DOMParser().parseFromString(await response.text(), "text/html"), isQuiet);
  } catch {
    tellFailure(document.body.dataset.failure);
  } finally {
    place?.removeAttribute("aria-busy");
    if (submitter) submitter.disabled = false;
    fitFrame();
  }
}

function refreshLater(root) {
  const form = root.querySelector("form[data-refresh]");
  if (form) setTimeout(() => form.isConnected && post(form, null, true), REFRESH_EVERY_MS);
}

// What was ticked while the answer was on its way stays ticked.
function keepTicks(place, fresh) {
  const ticks = new Map([...place.querySelectorAll("[name][value]")].map((box) => [box.value, box.checked]));
  for (const box of fresh.querySelectorAll("[name][value]")) {
    if (ticks.has(box.value)) box.toggleAttribute("checked", ticks.get(box.value));
  }
}

// Looks for the people whose name is being typed, once the form is free; what is ticked goes along and comes back.
function find(field) {
  clearTimeout(search);
  if (!field.isConnected) return;
  if (field.closest("[aria-busy]")) search = setTimeout(find, TYPED_MS, field);
  else post(field.form, field.parentElement.querySelector("button"), true);
}

function offerFilters(root) {
  for (const field of root.querySelectorAll("[data-filter]")) field.hidden = false;
}

function filter({ dataset, value }) {
  const wanted = value.trim().toLowerCase();
  for (const item of document.getElementById(dataset.filter).querySelectorAll("li")) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }
}

document.addEventListener("input", ({ target }) => {
  if ("filter" in target.dataset) filter(target);
  if (!("find" in target.dataset)) return;
  clearTimeout(search);
  search = setTimeout(find, TYPED_MS, target);
});

document.addEventListener("keydown", (event) => {
  const { dataset } = event.target;
  if (event.key !== "Enter" || !("find" in dataset || "filter" in dataset)) return;
  event.preventDefault(); // the form is not sent by it
  if ("find" in dataset) find(event.target);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-swap]");
  if (!form) return;
  event.preventDefault();
  if (form.closest("[aria-busy]") === null) post(form, event.submitter, false);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open-path]");
  const wantsNewTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
  if (!link || !bx24 || wantsNewTab) return;
  event.preventDefault();
  bx24.openPath(link.dataset.openPath, (answer) => {
    if (answer?.result === "error") window.open(link.href, "_blank", "noopener");
  });
});

spellTimes(document);
nameZone(document);
setInterval(() => spellTimes(document), 30000);
new ResizeObserver(() => requestAnimationFrame(fitFrame)).observe(document.body);
startInPortal();
offerFilters(document);
refreshLater(document);
