/** evkit's script for PostHog's HTML snippet, served as /static/array.js. The docs say what differs from posthog-js. MIT. */
(function () {
"use strict";

const DEFAULTS = {
  api_host: "", autocapture: true, capture_pageview: true, capture_pageleave: "if_capture_pageview",
  persistence: "localStorage+cookie", person_profiles: "identified_only", session_idle_timeout_seconds: 1800,
};
const CAMPAIGN = ("utm_source utm_medium utm_campaign utm_content utm_term gad_source mc_cid gclid gclsrc dclid gbraid wbraid " +
  "fbclid msclkid twclid li_fat_id igshid ttclid rdt_cid epik qclid sccid oppref bfcid irclid _kx").split(" ");
const TAGS = /^(a|button|form|input|select|textarea|label)$/;
const CARD = /^(4\d{12}(\d{3})?|5[1-5]\d{14}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|6(011|5\d\d)\d{12}|(2131|1800|35\d{3})\d{11})$/;
const SOCIAL = /^\d{3}-?\d{2}-?\d{4}$/;
const PRIVATE = /^cc|c(ard|c)num|creditcard|c(sc|vc|vv)|exp|pass|pwd|routing|sec(urity)?code|securitynum|soc(ial)?sec|ssn/i;
const BROWSERS = { Opera: "OPR/", "Microsoft Edge": "Edg\\w*/", "Samsung Internet": "SamsungBrowser/", "Chrome iOS": "CriOS/",
  "Firefox iOS": "FxiOS/", Chrome: "Chrom\\w+/", Firefox: "Firefox/", "Mobile Safari": "Version/(?=\\S+ Mobile)", Safari: "Version/" };
const SYSTEMS = { Windows: "Windows", iOS: "iPhone|iPad", Android: "Android", "Chrome OS": "CrOS", "Mac OS X": "Mac OS", Linux: "Linux" };

const list = Array.from;
const json = JSON.stringify;
const { assign, keys } = Object;

/** Run something; give nothing when it throws. */
function safe(action) {
  try {
    return action();
  } catch (error) { /* nothing */ }
}

let ticks = 0;
/** Make a UUID of version 7; those of a page sort as they were made. */
function uuid7() {
  ticks = Math.max(ticks + 1, Date.now() * 4096);
  const random = list(crypto.getRandomValues(new Uint8Array(8)), byte => (byte | 256).toString(16).slice(1)).join("");
  return (ticks.toString(16).padStart(15, "0") + random).replace(/^(.{8})(.{4})(.{3}).(.{3})/, "$1-$2-7$3-8$4-");
}

/** Copy properties as plain JSON, without what has none. */
function plain(props) {
  const copy = {};
  const cut = (key, value) => typeof value === "string" ? value.slice(0, 65535) : value;
  keys(props || {}).forEach(key => safe(() => { copy[key] = JSON.parse(json(props[key], cut)); }));
  return copy;
}

const hostOf = url => safe(() => new URL(url, location.href).host) || "";
const here = () => ({ r: document.referrer || "$direct", u: location.href });

/** Give what all events say. */
function facts() {
  const agent = navigator.userAgent;
  const find = marks => keys(marks).find(name => new RegExp(marks[name]).test(agent));
  const [browser, system] = [find(BROWSERS), find(SYSTEMS)];
  const version = browser && new RegExp(BROWSERS[browser] + "([\\d.]+)").exec(agent);
  const tablet = /iPad|Tablet/.test(agent) || system === "Android" && !/Mobile/.test(agent);
  return {
    $browser: browser, $browser_version: version && parseFloat(version[1]), $os: system,
    $device_type: tablet ? "Tablet" : /Mobi/.test(agent) ? "Mobile" : "Desktop", $raw_user_agent: agent,
    $current_url: location.href, $host: location.host, $pathname: location.pathname,
    $screen_height: screen.height, $screen_width: screen.width, $viewport_height: innerHeight, $viewport_width: innerWidth,
    $timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    $lib: "web", $lib_version: "1.0.0-evkit", $insert_id: uuid7().slice(-12), $time: Date.now() / 1000,
  };
}

/** Describe an arrival {r: referrer, u: address}; missing campaign parameters are null. */
function arrival({ r, u }) {
  const { host, pathname, searchParams } = safe(() => new URL(u)) || new URL(location.href);
  const found = { $referrer: r, $referring_domain: r === "$direct" ? r : hostOf(r), $current_url: u, $host: host, $pathname: pathname };
  CAMPAIGN.forEach(name => { found[name] = searchParams.get(name) || null; });
  return found;
}

const cookie = {
  getItem(key) {
    const found = document.cookie.split("; ").find(part => part.startsWith(key + "="));
    return found && decodeURIComponent(found.slice(key.length + 1));
  },
  setItem(key, text) {
    document.cookie = `${key}=${encodeURIComponent(text)}; Path=/; SameSite=Lax; Max-Age=31536000`;
  },
};

/** Properties under one key in some places, or in memory when they fail. A second place gets only ids. */
function keep(key, places) {
  const kept = {
    data: {},
    load() {
      const texts = places.map(one => safe(() => one.getItem(key))).filter(Boolean);
      if (texts.length) kept.data = assign({}, ...texts.map(text => safe(() => JSON.parse(text))));
      return kept.data;
    },
    set(props) {
      assign(kept.data, props);
      const shown = i => json(kept.data, i ? ["distinct_id", "$device_id", "__session", "__state", "__person"] : null);
      places.forEach((one, i) => safe(() => one.setItem(key, shown(i))));
    },
    remove: name => delete kept.data[name] && kept.set({}),
    clear: props => { kept.data = {}; kept.set(props); },
  };
  kept.load();
  return kept;
}

/** Whether a text is no card or social security number. */
const harmless = text => !CARD.test(text.trim().replace(/[- ]/g, "")) && !SOCIAL.test(text.trim());
const clean = text => harmless(text) ? text : "";

/** Whether people write into an element: little of it is shown. */
const isWritten = el => el.getAttribute("contenteditable") === "true" || /^(select|textarea)$/.test(el.localName) ||
  el.localName === "input" && !/^(button|checkbox|submit|reset)$/.test(el.type);

/** Give an element and its ancestors up to body, through shadow roots. */
function pathOf(el) {
  const path = [];
  for (let at = el; at && at.localName !== "html"; at = at.parentNode || at.host) if (at.nodeType === 1) path.push(at);
  return path;
}

const isSensitive = el => pathOf(el).some(one => one.matches(".ph-sensitive"));

/** Give an element's own text without private numbers, perhaps with that of its spans. */
function textOf(el, withSpans) {
  const name = String(typeof el.name === "string" && el.name || el.id).replace(/[^a-z0-9]/gi, "");
  const closed = isWritten(el) || PRIVATE.test(name) || isSensitive(el);
  const own = list(closed ? [] : el.childNodes).filter(node => node.nodeType === 3).map(node =>
    node.data.trim().split(/(\s+)/).filter(harmless).join("").replace(/[\r\n]/g, " ").replace(/ +/g, " ").slice(0, 255));
  const spans = list(withSpans ? el.children : []).filter(child => child.localName === "span");
  return [own.join("").trim()].concat(spans.map(span => textOf(span, true))).filter(Boolean).join(" ");
}

/** Write one element of a chain: tag.class:key="value"... with sorted keys. */
function chainPart(el, text, href, masked) {
  const found = {};
  const siblings = list(el.parentNode.childNodes).filter(one => one.nodeType === 1);
  list(masked ? [] : el.attributes).forEach(({ name, value }) => {
    if (/^_ng(content|host)/.test(name) || !harmless(value)) return;
    if (isWritten(el) && !/^(name|id|class|aria-label)$/.test(name)) return;
    const shown = name === "class" ? value.trim().replace(/\s+/g, " ") : value;
    found["attr__" + name] = shown.length > 1024 ? shown.slice(0, 1024) + "..." : shown;
  });
  const classes = (found.attr__class || "").replace(/"/g, "").split(" ").filter(Boolean).sort();
  if (href) found.attr__href = href;
  if (text) found.text = text.slice(0, 400);
  if (found.attr__href) found.href = found.attr__href.slice(0, 2048);
  if (found.attr__id) found.attr_id = found.attr__id;
  found["nth-child"] = siblings.indexOf(el) + 1;
  found["nth-of-type"] = siblings.filter(one => one.localName === el.localName).indexOf(el) + 1;
  return [el.localName].concat(classes).join(".") + ":" +
    keys(found).sort().map(key => `${key}="${String(found[key]).replace(/\\?"/g, '\\"')}"`).join("");
}

/** Whether an event on path[0] is captured. */
function isCaptured(type, path) {
  const tag = path[0].localName;
  if (path.some(el => el.matches(".ph-no-capture"))) return false;
  if (type === "submit") return tag === "form";
  if (type === "change") return /^(input|select|textarea)$/.test(tag);
  return tag !== "form" && TAGS.test(tag) || path[0].getAttribute("contenteditable") === "true" || path.some((el, i) =>
    i > 0 && TAGS.test(el.localName) || getComputedStyle(el).cursor === "pointer");
}

/** Give the properties of $autocapture, or nothing when the event isn't captured. */
function autocaptured(event, config) {
  let target = event.composedPath()[0];
  if (target.nodeType === 3) target = target.parentNode;
  if (target.nodeType !== 1 || target.localName === "html") return undefined;
  if (target.closest("svg")) target = target.closest("a, button") || target;
  const path = pathOf(target);
  if (!isCaptured(event.type, path)) return undefined;
  const found = { $event_type: event.type, $ce_version: 1 };
  const link = path.find(el => el.localName === "a");
  const href = clean(link && !config.mask_all_element_attributes && !isSensitive(link) && link.getAttribute("href") || "");
  found.$elements_chain = path.map((el, i) => {
    const hidden = config.mask_all_text || i > 0 && !TAGS.test(el.localName);
    const text = hidden ? "" : clean(textOf(el, /^(a|button)$/.test(el.localName)));
    if (i === 0 && text) found.$el_text = text;
    return chainPart(el, text, i === 0 && href, config.mask_all_element_attributes);
  }).join(";");
  if (event.type === "click" && !["", location.host].includes(hostOf(href))) found.$external_click_url = href;
  path.reverse().forEach(el => list(el.attributes).forEach(({ name, value }) => {
    const key = name.startsWith("data-ph-capture-attribute-") && name.slice(26);
    if (key && value && harmless(value)) found[key] = value;
  }));
  return found;
}

/** Send in batches; again, with growing waits, when the server fails; by beacon at the end. */
function makeSender(config) {
  let waiting = [];
  let flying = 0;
  let tries = 0;
  let timer;
  const address = config.api_host.replace(/\/+$/, "") + "/e/";
  const each = (send, size) => {
    while (waiting.length) {
      const batch = waiting.splice(0, size);
      send(new Blob([json({ api_key: config.token, batch, sent_at: new Date().toISOString() })], { type: "text/plain" }), batch);
    }
  };
  const add = events => {
    waiting = waiting.concat(events).slice(-1000);
    const wait = (config.request_queue_config || {}).flush_interval_ms || 3000;
    timer = timer || setTimeout(flush, wait * 2 ** Math.min(tries, 6) * (tries ? 0.75 + Math.random() / 2 : 1));
  };
  const post = (body, batch) => {
    const keepalive = flying + body.size < 60000;
    flying += keepalive && body.size;
    const asked = new Promise(done => done(fetch(address, { method: "POST", body, keepalive, credentials: "omit" })));
    asked.then(reply => reply.status, () => 0).then(status => {
      flying -= keepalive && body.size;
      const lost = !status || status >= 500;
      tries = lost ? tries + 1 : 0;
      if (lost) waiting = batch.concat(waiting);
      if (lost) add([]);
    });
  };
  const flush = () => {
    timer = clearTimeout(timer);
    each(post, 1000);
  };
  const beacon = () => each((body, batch) => safe(() => navigator.sendBeacon(address, body)) || post(body, batch), 15);
  return { add, flush, beacon };
}

/** Make what the page knows as `posthog`. */
function makeClient(label) {
  const config = assign({}, DEFAULTS);
  let listeners = [];
  let path = location.pathname;
  const scroll = { last: 0, max: 0 };
  let stored, tab, consent, sender, view, viewed, initialSent, said, search;

  /** Give the session; a new one after the idle timeout or a day. */
  function session(now) {
    const idle = Math.min(Math.max(config.session_idle_timeout_seconds, 60), 36000) * 1000;
    let [last, id, start] = stored.load().__session || [];
    if (!id || Math.abs(now - last) > idle || now - start > 86400000) {
      [id, start] = [uuid7(), now];
      stored.set({ __entry: here() });
      tab.remove("__window");
    }
    if (!tab.data.__window) tab.set({ __window: uuid7() });
    stored.set({ __session: [now, id, start] });
    return { $session_id: id, $window_id: tab.data.__window };
  }

  /** Note how person and tab came here; give what is set once. */
  function arrive() {
    const now = arrival(here());
    if (!stored.data.__first) stored.set({ __first: here() });
    if (search !== location.search && CAMPAIGN.some(name => now[name])) CAMPAIGN.forEach(name => tab.set({ [name]: now[name] }));
    search = location.search;
    if (!tab.data.$referrer) tab.set({ $referrer: now.$referrer, $referring_domain: now.$referring_domain });
    const first = arrival(stored.data.__first);
    keys(first).forEach(name => { first["$initial_" + name.replace("$", "")] = first[name]; });
    return first;
  }

  function scrolled() {
    scroll.last = Math.max(0, Math.ceil(scrollY));
    scroll.max = Math.max(scroll.last, scroll.max);
  }

  /** Describe the view that ends now. */
  function previousView(now) {
    scrolled();
    const found = { $prev_pageview_id: view.id, $prev_pageview_pathname: view.path, $prev_pageview_duration: (now - view.time) / 1000 };
    const { scrollHeight, clientHeight } = document.documentElement;
    keys(scroll).forEach(which => [["_scroll", 0], ["_content", clientHeight]].forEach(([what, more]) => {
      const name = "$prev_pageview_" + which + what;
      const [part, whole] = [scroll[which] + more, scrollHeight - clientHeight + more];
      found[name] = part;
      found[name + "_percentage"] = whole <= 1 ? 1 : Math.min(1, part / whole);
    }));
    return found;
  }

  const isIdentified = () => stored.data.__state === "identified";
  const hasPerson = () => config.person_profiles === "always" || config.person_profiles !== "never" &&
    (isIdentified() || !!stored.data.__person || keys(ph.getGroups()).length > 0);
  /** Make person profiles from now on, if the config allows. */
  const needPerson = () => config.person_profiles !== "never" && !stored.set({ __person: true });

  function propertiesOf(event, own, now, uuid) {
    const ids = session(+now);
    arrive();
    const all = facts();
    const kept = assign({}, stored.data, tab.data);
    keys(kept).filter(name => !name.startsWith("__")).forEach(name => { all[name] = kept[name]; });
    const entry = arrival(stored.data.__entry || here());
    keys(entry).forEach(name => {
      if (entry[name]) ids["$session_entry_" + name.replace(/^\$(current_)?/, "")] = entry[name];
    });
    if (view && /^\$page(view|leave)$/.test(event)) assign(all, previousView(now));
    if (event === "$pageview") {
      view = { id: uuid, time: now, path: location.pathname };
      scroll.max = scroll.last;
      ids.title = document.title;
    }
    const $groups = assign({}, all.$groups, own.$groups);
    assign(all, own, ids, { token: config.token });
    if (all.$groups) all.$groups = $groups;
    if (view) all.$pageview_id = view.id;
    assign(all, { $is_identified: isIdentified(), $process_person_profile: hasPerson() });
    (config.property_denylist || []).forEach(name => delete all[name]);
    return all;
  }

  /** Make the ids of a new visitor, or take those of `bootstrap`. */
  function begin({ distinctID, isIdentifiedID }) {
    const { distinct_id, $device_id } = stored.data;
    const id = uuid7();
    if (distinctID ? isIdentifiedID && isIdentified() : distinct_id) return;
    stored.set({
      distinct_id: distinctID || id, $device_id: distinctID && !isIdentifiedID ? distinctID : $device_id || id,
      __state: isIdentifiedID ? "identified" : "anonymous",
    });
  }

  const firstPageview = () => { viewed = viewed || config.capture_pageview && ph.capture("$pageview"); };

  /** Another path is another page. */
  function moved(navigation_type) {
    if (path !== location.pathname && config.capture_pageview === "history_change") ph.capture("$pageview", { navigation_type });
    path = location.pathname;
  }

  function react(event) {
    const remote = safe(() => _POSTHOG_REMOTE_CONFIG[config.token].config.autocapture_opt_out);
    const found = config.autocapture && !remote && autocaptured(event, config);
    if (found) ph.capture("$autocapture", found);
  }

  function listen() {
    const on = (target, type, action) => target.addEventListener(type, event => safe(() => action(event)), true);
    ["click", "change", "submit"].forEach(type => on(document, type, react));
    on(window, "scroll", scrolled);
    on(window, "popstate", () => moved("popstate"));
    on(document, "visibilitychange", () => document.hidden && sender.flush());
    on(window, "pagehide", () => {
      if (config.capture_pageleave === true || config.capture_pageleave && config.capture_pageview) ph.capture("$pageleave");
      tab.remove("__open");
      sender.beacon();
    });
    ["pushState", "replaceState"].forEach(name => {
      const original = history[name];
      history[name] = (...args) => {
        original.apply(history, args);
        safe(() => moved(name));
      };
    });
  }

  const choice = () => consent.load().value;

  const ph = {
    __SV: 1, __loaded: false, config,
    people: {
      set: (key, value) => ph.setPersonProperties(key instanceof Object ? key : { [key]: value }),
      set_once: (key, value) => ph.setPersonProperties({}, key instanceof Object ? key : { [key]: value }),
    },

    /** Start; another name is a second client. */
    init(token, given = {}, name = label) {
      if (name !== label) return (ph[name] = makeClient(name)).init(token, given, name);
      if (!token || ph.__loaded) return ph;
      assign(config, given.defaults >= "2025-05-24" && { capture_pageview: "history_change" }, given, { token });
      const [local, own] = [safe(() => localStorage), safe(() => sessionStorage)];
      const kind = config.disable_persistence ? "" : config.persistence;
      const places = [/^local/.test(kind) && local, /cookie/.test(kind) && cookie, kind === "sessionStorage" && own].filter(Boolean);
      consent = keep(`evkit_${token}_consent`, [local || cookie]);
      stored = keep(`evkit_${token}`, places);
      tab = places[0] === own ? stored : keep(`evkit_${token}`, places.length && own ? [own] : []);
      if (tab.data.__open) tab.remove("__window");
      tab.set({ __open: true });
      begin(config.bootstrap || {});
      sender = makeSender(config);
      ph.__loaded = true;
      listen();
      const isLocal = /^(localhost|127\.0\.0\.1)$/.test(location.hostname);
      if (given.defaults >= "2026-01-30" && isLocal) ph.setPersonProperties({ $internal_or_test_user: true });
      safe(() => given.loaded(ph));
      setTimeout(firstPageview, 1);
      return ph;
    },

    /** Record an event; give it when it is sent. */
    capture(event, props, options) {
      if (!ph.__loaded || !event || typeof event !== "string" || ph.has_opted_out_capturing()) return undefined;
      const { timestamp, $set, $set_once, uuid = uuid7() } = options || {};
      const now = new Date(timestamp || Date.now());
      let made = { uuid, event, properties: propertiesOf(event, plain(props), now, uuid), timestamp: now.toISOString() };
      if ($set) made.$set = plain($set);
      if ($set_once) made.$set_once = plain($set_once);
      if (event === "$identify" || made.properties.$process_person_profile && !initialSent) {
        made.$set_once = assign(arrive(), made.$set_once);
        initialSent = event !== "$groupidentify";
      }
      [].concat(config.before_send || []).forEach(change => { made = made && change(made); });
      if (!made) return made;
      sender.add(made);
      if (config.debug) console.log("[evkit]", made);
      listeners.forEach(listener => safe(() => listener(made)));
      return made;
    },

    /** Say who the visitor is; an anonymous id joins the person. */
    identify(id, set, setOnce) {
      const name = id instanceof Object ? "" : String(id);
      if (/^(\s*|distinct_?id|undefined|null)$/i.test(name) || !needPerson()) return;
      const before = stored.load().distinct_id;
      const known = isIdentified();
      stored.set({ $user_id: name, distinct_id: name, __state: "identified" });
      if (known) return ph.setPersonProperties(set, setOnce);
      if (name === before) return ph.setPersonProperties(set || {}, setOnce || {});
      said = json([name, set, setOnce]);
      ph.capture("$identify", { $anon_distinct_id: before }, { $set: set || {}, $set_once: setOnce });
    },

    /** Set properties of the person, but not the same twice. */
    setPersonProperties(set, setOnce) {
      if (!set && !setOnce || !needPerson()) return;
      const saying = json([ph.get_distinct_id(), set, setOnce]);
      if (saying !== said) ph.capture("$set", { $set: set || {}, $set_once: setOnce || {} });
      said = saying;
    },

    createPersonProfile: () => !hasPerson() && needPerson() && ph.capture("$set", { $set: {}, $set_once: {} }),

    alias: (alias, id = ph.get_distinct_id()) => alias === id ? ph.identify(id) :
      needPerson() && ph.capture("$create_alias", { alias, distinct_id: id }),

    /** Put the visitor into a group; say what it is like. */
    group(type, key, set) {
      if (!type || !key) return;
      const groups = ph.getGroups();
      ph.register({ $groups: assign({}, groups, { [type]: key }) });
      if (groups[type] === key && !set || !needPerson()) return;
      ph.capture("$groupidentify", assign({ $group_type: type, $group_key: key }, set && { $group_set: set }));
    },

    getGroups: () => ph.get_property("$groups") || {},
    resetGroups: () => ph.register({ $groups: {} }),
    register: props => stored.load() && stored.set(plain(props)),
    register_once: props => ph.register(assign({}, props, stored.load())),
    unregister: name => stored.load() && stored.remove(name),
    register_for_session: props => tab.set(plain(props)),
    unregister_for_session: name => tab.remove(name),
    get_property: name => stored.load()[name],
    get_distinct_id: () => ph.get_property("distinct_id"),
    get_session_id: () => session(Date.now()).$session_id,
    set_config: changes => assign(config, changes),
    debug: on => { config.debug = on !== false; },

    /** Start as a new visitor, on the same device unless told otherwise. */
    reset(newDevice) {
      const { $device_id } = newDevice ? {} : stored.data;
      stored.clear();
      tab.clear({ __open: true });
      stored.set({ $last_posthog_reset: new Date().toISOString(), $device_id });
      said = null;
      begin({});
    },

    has_opted_out_capturing: () => choice() === "out" || !choice() && !!config.opt_out_capturing_by_default,
    has_opted_in_capturing: () => !ph.has_opted_out_capturing(),
    clear_opt_in_out_capturing: () => consent.clear(),
    opt_out_capturing: () => consent.set({ value: "out" }),
    opt_in_capturing({ captureEventName = "$opt_in", captureProperties } = {}) {
      const before = choice();
      consent.set({ value: "in" });
      if (before !== "in" && captureEventName) ph.capture(captureEventName, captureProperties);
      firstPageview();
    },

    /** Listen to events; give a function that stops it. */
    on(name, listener) {
      if (name === "eventCaptured") listeners.push(listener);
      return () => { listeners = listeners.filter(one => one !== listener); };
    },

    onFeatureFlags: listener => setTimeout(() => safe(() => listener([], {}, { errorsLoading: false }))) && (() => undefined),
    captureException(error, props) {
      const real = error instanceof Error;
      return ph.capture("$exception", assign({ $exception_level: "error", $exception_list: [{
        type: real ? error.name : "Error", value: real ? error.message : String(error),
        mechanism: { type: "generic", handled: true, synthetic: !real },
      }] }, props));
    },

    push([name, ...args]) {
      const action = ph[name] || ph.people[name.replace("people.", "")];
      if (typeof action === "function") action(...args);
    },
  };

  // Nothing throws into the page.
  keys(ph).forEach(name => {
    const action = ph[name];
    if (typeof action === "function") ph[name] = (...args) => safe(() => action(...args));
  });
  // What else the snippet knows does nothing.
  ("isFeatureEnabled getFeatureFlag reloadFeatureFlags setPersonPropertiesForFlags startSessionRecording " +
    "stopSessionRecording").split(" ").concat(keys(stub)).forEach(name => { ph[name] = ph[name] || (() => undefined); });
  return ph;
}

const stub = window.posthog || {};
if (stub.__loaded) return;
const main = window.posthog = makeClient("posthog");
// As posthog-js does: aliases first, captures last.
const order = call => call[0] === "alias" ? 0 : call[0] === "capture" ? 2 : 1;
(stub._i || []).forEach(([token, config, name]) => {
  const queue = name === "posthog" ? stub : stub[name];
  const ph = main.init(token, config, name);
  list(queue).sort((a, b) => order(a) - order(b)).forEach(ph.push);
  queue.push = ph.push;
});
})();
