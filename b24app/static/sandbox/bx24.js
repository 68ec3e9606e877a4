// A stand-in for BX24.js in the toy portal: the documented calls an application uses, by messages to the page
// around the frame. It takes the portal's address and APP_SID from the frame's name and speaks to that origin alone.
"use strict";

(() => {
  const [domain, protocol, sid] = window.name.split("|");
  const portal = `${protocol === "1" ? "https" : "http"}://${domain}`;
  const waiting = new Map();
  const listeners = new Map(); // events of the place, by name
  const whenReady = { init: [], install: [] };
  const state = { data: null, isAsked: false, lastId: 0 };

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== portal || event.data?.sid !== sid) return;
    if (event.data.event !== undefined) {
      for (const listener of listeners.get(event.data.event) ?? []) listener(event.data.details);
      return;
    }
    const callback = waiting.get(event.data.id);
    waiting.delete(event.data.id);
    callback?.(event.data.answer);
  });

  function ask(command, params, callback) {
    if (!sid || window.parent === window) return;
    const id = ++state.lastId;
    if (callback) waiting.set(id, callback);
    window.parent.postMessage({ sid, id, command, params }, portal);
  }

  function whenLoaded(callback) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", callback);
    else callback();
  }

  // On the first run init's callbacks wait for installFinish, if install's are there to be called instead.
  function runReady() {
    const isInstalling = state.data.isFirstRun && whenReady.install.length > 0;
    for (const callback of whenReady[isInstalling ? "install" : "init"].splice(0)) callback();
  }

  function start() {
    if (state.data) {
      runReady();
      return;
    }
    if (state.isAsked) return;
    state.isAsked = true;
    whenLoaded(() => ask("getInitData", {}, (data) => {
      state.data = data;
      runReady();
    }));
  }

  // --- REST

  function toQuery(params, prefix = "") {
    return Object.entries(params ?? {}).flatMap(([name, value]) => {
      const full = prefix ? `${prefix}[${name}]` : name;
      if (value !== null && typeof value === "object") return toQuery(value, full);
      return [`${encodeURIComponent(full)}=${encodeURIComponent(value ?? "")}`];
    });
  }

  class Answer {
    constructor(body, next) {
      this.body = body;
      this.askNext = next;
    }

    data() { return this.body.result; }
    total() { return Number(this.body.total ?? 0); }
    time() { return this.body.time; }
    more() { return this.body.next !== undefined; }

    error() {
      const { error, error_description: text } = this.body;
      if (error === undefined) return undefined;
      return { error, error_description: text, toString: () => (text ? `${error}: ${text}` : `${error}`) };
    }

    next() {
      if (!this.more()) return false;
      this.askNext(this.body.next);
      return true;
    }
  }

  function callMethod(method, params, callback) {
    const next = (start) => callMethod(method, { ...params, start }, callback);
    ask("callMethod", { method, params: params ?? {} }, (body) => callback?.(new Answer(body, next)));
  }

  function callBatch(calls, callback, isHalting) {
    const named = Object.entries(calls).map(([key, call]) => {
      const [method, params] = Array.isArray(call) ? call : [call.method, call.params];
      return { key, method, params };
    });
    const cmd = Object.fromEntries(
      named.map(({ key, method, params }) => [key, `${method}?${toQuery(params).join("&")}`]),
    );
    ask("callMethod", { method: "batch", params: { halt: isHalting ? 1 : 0, cmd } }, (body) => {
      const answers = Array.isArray(calls) ? [] : {};
      for (const { key, method, params } of named) {
        const next = (start) => callMethod(method, { ...params, start }, callback);
        answers[key] = new Answer(partOf(body, key), next);
      }
      callback?.(answers);
    });
  }

  function partOf(body, key) {
    if (body.error !== undefined) return body;
    const { result, result_error: error, result_total: total, result_next: next, result_time: time } = body.result;
    if (error?.[key]) return error[key];
    return { result: result?.[key], total: total?.[key], next: next?.[key], time: time?.[key] };
  }

  // --- the frame's size

  function getScrollSize() {
    const page = document.documentElement;
    return {
      scrollWidth: Math.max(page.scrollWidth, page.offsetWidth),
      scrollHeight: Math.max(page.scrollHeight, page.offsetHeight),
    };
  }

  // The height of what stands in the page: scrollHeight is never less than the frame, which could then not shrink.
  function contentHeight() {
    const page = document.documentElement;
    const own = Math.ceil(page.getBoundingClientRect().height);
    return page.scrollHeight > window.innerHeight ? Math.max(own, page.scrollHeight) : own;
  }

  window.BX24 = {
    init(callback) {
      whenReady.init.push(callback);
      start();
    },
    install(callback) {
      whenReady.install.push(callback);
      start();
    },
    installFinish() { ask("installFinish", {}); },
    ready: whenLoaded,
    isReady: () => document.readyState !== "loading",
    getAuth() {
      const auth = state.data?.auth;
      return auth && auth.expires_in > Date.now() ? { ...auth } : false;
    },
    refreshAuth(callback) {
      ask("refreshAuth", {}, (auth) => {
        if (state.data) state.data.auth = auth;
        callback?.({ ...auth });
      });
    },
    callMethod,
    callBatch,
    callBind(event, handler, authType, callback) {
      callMethod("event.bind", { event, handler, auth_type: authType ?? 0 }, callback);
    },
    callUnbind(event, handler, authType, callback) {
      callMethod("event.unbind", { event, handler, auth_type: authType ?? 0 }, callback);
    },
    placement: {
      info: () => ({ placement: state.data?.placement, options: state.data?.options }),
      getInterface(callback) { ask("getInterface", {}, callback); },
      call(command, params, callback) { ask("callPlacement", { command, params }, callback); },
      bindEvent(name, callback) { listeners.set(name, [...(listeners.get(name) ?? []), callback]); },
    },
    openPath(path, callback) { ask("openPath", { path }, callback); },
    openApplication(params, callback, settings) {
      const prefixed = Object.entries(settings ?? {}).map(([name, value]) => [`bx24_${name}`, value]);
      const query = toQuery({ ...params, ...Object.fromEntries(prefixed) }).join("&");
      ask("openApplication", { query }, callback);
    },
    closeApplication(callback) { ask("closeApplication", {}, callback); },
    resizeWindow(width, height, callback) { ask("resizeWindow", { width, height }, callback); },
    fitWindow(callback) { ask("resizeWindow", { width: "100%", height: contentHeight() }, callback); },
    getScrollSize,
    setTitle(title, callback) { ask("setTitle", { title: String(title) }, callback); },
    reloadWindow(callback) { ask("reloadWindow", {}, callback); },
    isAdmin: () => state.data?.isAdmin ?? false,
    getLang: () => state.data?.lang,
    getDomain: () => domain,
  };
})();
