"use strict";
const $ = (id) => document.getElementById(id);
const make = (tag, name, ...content) => {
  const one = document.createElement(tag);
  if (name) one.className = name;
  one.append(...content);
  return one;
};
const drawing = (tag, attributes, ...content) => {
  const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  one.append(...content);
  return one;
};

// Words: say() gives a text, tell() the same as nodes in which no foreign text turns ours round.
const WORDS = JSON.parse($("words").textContent);
const NAMES = { en: "English", zh: "中文" }, TAGS = { en: "en", zh: "zh-CN" };
let language = /^zh\b/i.test(navigator.languages[0] ?? "") ? "zh" : "en";
const formats = new Map();
function format(kind, options) {
  const key = JSON.stringify([language, kind, options]);
  if (!formats.has(key)) formats.set(key, new Intl[kind](TAGS[language], options));
  return formats.get(key);
}
const number = (value) => format("NumberFormat").format(value);
const knows = (key) => key in WORDS[language];
function tell(key, values = {}) {
  const words = WORDS[language][key];
  const text = typeof words === "string" ? words : words[format("PluralRules").select(values.count)] ?? words.other;
  return text.split(/(\{\w+\})/).filter(Boolean).map((part) => {
    if (!/^\{\w+\}$/.test(part)) return part;
    const value = values[part.slice(1, -1)];
    return typeof value === "number" ? number(value) : value instanceof Node ? value : make("bdi", "", value);
  });
}
const say = (key, values) => tell(key, values).map((part) => part.textContent ?? part).join("");
let drawn = () => {};
function speak() {
  document.documentElement.lang = TAGS[language];
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll("[data-label]")) one.ariaLabel = say(one.dataset.label);
  for (const one of $("languages").children) one.ariaPressed = String(one.value === language);
  drawn();
}
// Draws the page in the reader's language, now and whenever the reader chooses another one.
function speaking(draw) {
  drawn = draw;
  speak();
}
for (const one of Object.keys(NAMES)) {
  const button = make("button", "", NAMES[one]);
  Object.assign(button, { type: "button", value: one, lang: TAGS[one] });
  button.onclick = () => { language = one; speak(); };
  $("languages").append(button);
}
const moment = (at, parts = {}) => {
  const shown = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...parts };
  const one = make("time", "", format("DateTimeFormat", shown).format(at));
  one.dateTime = one.title = new Date(at).toISOString();
  return one;
};

// The rows that stand compressed in the page; the elements that held them go.
async function unpacked(kind) {
  const rows = [];
  for (const tag of document.querySelectorAll(`script.${kind}`)) {
    const bytes = Uint8Array.from(atob(tag.textContent), (one) => one.charCodeAt(0));
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    rows.push(...JSON.parse(await new Response(plain).text()));
    tag.remove();
  }
  return rows;
}

// A card as a phone shows it; its cover is asked for only if told.
function card({ displayName, title, coverImgUrl }, load) {
  const icon = make("span", "icon", [...displayName][0] ?? "?");
  icon.ariaHidden = "true";
  const mark = drawing("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" },
    drawing("circle", { cx: 6, cy: 6, r: 5 }), drawing("path", { d: "M4 7.5a1.2 1.2 0 1 0 2-.9V5.4a1.2 1.2 0 1 1 2-.9" }));
  const foot = make("div", "foot", mark, "小程序");
  foot.lang = "zh-CN";
  return make("article", "card", make("div", "name", icon, make("bdi", "", displayName)), make("div", "title clamp", title), cover(coverImgUrl, load), foot);
}
function cover(url, load) {
  const box = make("div", "cover"), where = make("bdi", "", url.replace(/^https?:\/\/|[?#].*$/gi, ""));
  if (load && /^https?:\/\//i.test(url)) {
    const image = make("img");
    Object.assign(image, { alt: "", referrerPolicy: "no-referrer", loading: "lazy", src: url });
    image.onerror = () => box.replaceChildren(make("span", "", say("card.cover_failed")), where);
    box.append(image);
  } else box.append(make("span", "", say("card.cover")), where);
  return box;
}
