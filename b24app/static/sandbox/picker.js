// The client picker of new leads and deals: asks the portal for clients while somebody types, opens the application's
// search in a hidden frame when its item is clicked, and shows what the application gives with crmShowFoundEntities.
// A found option is the application's own: chosen, it is told so, and answers with the client that stands for it.
"use strict";

async function fetchPart(path, params, selector) {
  const response = await fetch(`${path}?${new URLSearchParams(params)}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const part = page.querySelector(selector);
  return part ? document.importNode(part, true) : null;
}

class Picker {
  constructor(part, fieldset) {
    this.part = part;
    this.kind = part.dataset.picker;
    this.uri = fieldset.dataset.uri;
    this.item = fieldset.querySelector("[data-picker-item]");
    this.query = part.querySelector("[data-picker-query]");
    this.found = part.querySelector("[data-picker-found]");
    this.rows = {}; // options of the application, by their ids
    this.query.addEventListener("input", () => this.find());
    part.querySelector("[data-picker-drop]").addEventListener("click", () => this.choose("", ""));
    part.addEventListener("click", (event) => this.hear(event));
    part.addEventListener("clients-found", (event) => this.showFound(event));
    part.addEventListener("client-created", ({ detail }) => this.fillIn(detail));
  }

  get params() {
    return { type: this.kind, find: this.query.value.trim() };
  }

  async find() {
    const asked = this.params;
    const clients = asked.find.length < 3 ? null : await fetchPart("/crm/clients/", asked, "[data-clients]");
    if (asked.find === this.params.find) this.found.replaceChildren(...(clients ? [clients] : []));
  }

  hear(event) {
    const client = event.target.closest("[data-client]");
    const place = event.target.closest("[data-app-search]");
    if (client && place) this.search.tell("onCrmEntityIsNeedToCreate", { data: this.rows[client.dataset.id] });
    else if (client) this.choose(client.dataset.id, client.querySelector("[data-client-name]").textContent);
    else if (place) this.openSearch(place);
  }

  async openSearch(place) {
    place.querySelector("[data-waiting]").hidden = false;
    const params = { ...this.params, place: place.dataset.appSearch, uri: this.uri };
    const section = await fetchPart("/crm/clients/search/", params, "[data-app-frame]");
    if (!section) return;
    place.querySelector("[data-frame]").replaceChildren(section);
    this.search = new AppFrame(section);
    this.search.open();
  }

  showFound(event) {
    const place = event.target.closest("[data-app-search]");
    const rows = Object.values(event.detail.data ?? {});
    this.rows = Object.fromEntries(rows.map((row) => [String(row.id), row]));
    place.querySelector("[data-waiting]").hidden = true;
    place.querySelector("[data-none]").hidden = rows.length > 0;
    place.querySelector("[data-app-found]").replaceChildren(...rows.map((row) => this.rowOf(row)));
  }

  rowOf({ id, name, phone, email, web }) {
    const row = this.item.content.firstElementChild.cloneNode(true);
    row.querySelector("[data-client]").dataset.id = String(id);
    row.querySelector("[data-client-name]").textContent = String(name ?? "");
    const values = [phone, email, web].flat().filter(Boolean).map((value) => value.value ?? value);
    row.querySelector("[data-client-values]").textContent = values.join(", ");
    return row;
  }

  fillIn({ entityType, id, title }) {
    const parts = [...this.part.closest("[data-client-picker]").querySelectorAll("[data-picker]")];
    parts.find(({ dataset }) => dataset.picker === entityType)?.picker.choose(String(id), String(title ?? ""));
  }

  choose(id, name) {
    this.part.querySelector("[data-picker-chosen]").value = id;
    this.part.querySelector("[data-picker-name]").textContent = name;
    this.part.querySelector("[data-picker-choice]").hidden = !id;
    this.query.value = "";
    this.found.replaceChildren();
  }
}

for (const fieldset of document.querySelectorAll("[data-client-picker]")) {
  for (const part of fieldset.querySelectorAll("[data-picker]")) part.picker = new Picker(part, fieldset);
}
