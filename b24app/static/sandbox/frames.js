// The portal's side of BX24.js: posts the form into the application's frame and answers its messages.
// Only the frame's own window and the application's origin are listened to, and only under the frame's APP_SID.
"use strict";

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

class AppFrame {
  constructor(section) {
    this.section = section;
    this.form = section.querySelector("form");
    this.window = section.querySelector("iframe");
    this.address = new URL(this.form.action);
    this.noteTokens(Object.fromEntries(new FormData(this.form)));
  }

  open() {
    window.addEventListener("message", (event) => this.hear(event));
    this.form.submit();
  }

  hear(event) {
    if (event.source !== this.window.contentWindow || event.origin !== this.address.origin) return;
    const { sid, id, command, params } = event.data ?? {};
    if (sid !== this.section.dataset.sid || !Object.hasOwn(commands, command)) return;
    const answer = (value) => {
      this.window.contentWindow?.postMessage({ sid, id, answer: value ?? null }, this.address.origin);
    };
    commands[command](this, params ?? {}, answer);
  }

  // Tells the application what happened in its place; BX24.placement.bindEvent listens.
  tell(event, details) {
    this.window.contentWindow.postMessage({ sid: this.section.dataset.sid, event, details }, this.address.origin);
  }

  noteTokens(fields) {
    this.fields = fields;
    this.auth = {
      access_token: fields.AUTH_ID,
      refresh_token: fields.REFRESH_ID,
      expires_in: Date.now() + Number(fields.AUTH_EXPIRES) * 1000,
      domain: this.address.searchParams.get("DOMAIN"),
      member_id: fields.member_id,
    };
  }

  get options() {
    return JSON.parse(this.fields.PLACEMENT_OPTIONS ?? "{}");
  }

  async refresh() {
    const { url, form } = await post("/sandbox/frame", {
      user: Number(this.section.dataset.user),
      placement: this.fields.PLACEMENT,
      options: this.options,
    });
    if (url) this.noteTokens(form);
    return this.auth;
  }

  async ask(method, params) {
    const rest = () => post(`/rest/${method}.json`, { ...params, auth: this.auth.access_token });
    const body = await rest();
    if (body.error !== "expired_token") return body;
    await this.refresh();
    return rest();
  }

  resize(width, height) {
    if (Number(height) > 0) this.window.style.height = `${Math.ceil(Number(height))}px`;
    if (width) this.window.style.width = String(width).endsWith("%") ? width : `${Math.ceil(Number(width))}px`;
  }
}

// Reads the card's head anew; tabs and frames stay as they are.
async function reloadHead() {
  const head = document.querySelector("[data-card-head]");
  const response = await fetch(location.pathname + (isEmbedded ? "?IFRAME=Y" : ""));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("[data-card-head]");
  if (head && fresh) head.replaceWith(document.importNode(fresh, true));
}

// Hands what the application found to the client picker around its frame; picker.js listens.
function showFoundEntities(frame, params) {
  frame.section.dispatchEvent(new CustomEvent("clients-found", { bubbles: true, detail: params }));
}

// Hands the picker the contact or company that stands for the option somebody chose.
function showCreatedEntity(frame, params) {
  frame.section.dispatchEvent(new CustomEvent("client-created", { bubbles: true, detail: params }));
}

// What BX24.placement.call may ask of a place; everything else does silently nothing, as in a portal.
const cardCommands = { reloadData: reloadHead };
const searchCommands = { crmShowFoundEntities: showFoundEntities, crmShowCreatedEntity: showCreatedEntity };
const searchEvents = ["onCrmEntityIsNeedToCreate"];

function isSearch(frame) {
  return frame.fields.PLACEMENT === "CRM_DETAIL_SEARCH";
}

function placementCommands(frame) {
  return isSearch(frame) ? searchCommands : cardCommands;
}

const commands = {
  getInitData(frame, params, answer) {
    answer({
      auth: frame.auth,
      placement: frame.fields.PLACEMENT,
      options: frame.options,
      lang: frame.address.searchParams.get("LANG"),
      isAdmin: "admin" in frame.section.dataset,
      isFirstRun: !("installed" in frame.section.dataset),
    });
  },
  async refreshAuth(frame, params, answer) {
    answer(await frame.refresh());
  },
  async callMethod(frame, { method, params }, answer) {
    answer(await frame.ask(method, params));
  },
  async installFinish(frame, params, answer) {
    if ("installed" in frame.section.dataset) return;
    const { installed } = await post("/sandbox/install-finish", { user: Number(frame.section.dataset.user) });
    answer(installed);
    if (installed) location.reload();
  },
  openPath(frame, { path }, answer) {
    if (String(path).startsWith("/")) openSlider(path, answer);
    else answer({ result: "error", errorCode: "PATH_NOT_AVAILABLE" });
  },
  openApplication(frame, { query }, answer) {
    openSlider(`/marketplace/app/?${query}`, answer);
  },
  closeApplication(frame, params, answer) {
    answer(true);
    if (isEmbedded) closeSlider();
  },
  resizeWindow(frame, { width, height }, answer) {
    frame.resize(width, height);
    answer({ width: frame.window.clientWidth, height: frame.window.clientHeight });
  },
  setTitle(frame, { title }, answer) {
    const heading = document.querySelector("[data-page-title]");
    if (heading) heading.textContent = document.title = title;
    answer(heading !== null);
  },
  reloadWindow(frame) {
    if (frame.fields.PLACEMENT === "DEFAULT") location.reload();
  },
  getInterface(frame, params, answer) {
    answer({ command: Object.keys(placementCommands(frame)), event: isSearch(frame) ? searchEvents : [] });
  },
  async callPlacement(frame, { command, params }, answer) {
    const known = placementCommands(frame);
    if (!Object.hasOwn(known, command)) return;
    answer((await known[command](frame, params ?? {})) ?? null);
  },
};

for (const section of document.querySelectorAll("[data-app-frame]")) new AppFrame(section).open();
