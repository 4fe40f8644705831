// Messages and products as DOM. Text goes in as text, never as markup: titles come from feeds, messages from people.

const HTTP = new Set(["http:", "https:"]);

// What the shopper said.
export function renderSaid(text) {
  return make("p", { class: "message said" }, make("span", { class: "sr-only" }, "You: "), text);
}

// A reply of the guide: {text, buttons, custom, image}, where custom is a slate, one product, an answer or something not shown here. `say(text, title)` says something for the shopper,
// `react({kind, sku, slate_id})` reports what they did. Returns null for a reply with nothing to show.
export function renderReply(reply, actions) {
  const custom = reply.custom ?? {};
  const items = productsOf(custom);
  const parts = [];
  if (typeof reply.text === "string" && reply.text.trim()) {
    const text = textBeside(custom, reply.text);
    parts.push(make("p", { class: "message" }, make("span", { class: "sr-only" }, "Guide: "), text));
  }
  if (custom.type === "notice" && safeUrl(custom.link)) {
    const link = { href: safeUrl(custom.link), target: "_blank", rel: "noopener noreferrer" };
    parts.push(make("p", { class: "message link" }, make("a", link, String(custom.title ?? custom.link))));
  }
  if (custom.type === "answer") parts.push(...listOf(custom.items).map(evidence).filter(Boolean));
  if (safeUrl(reply.image)) parts.push(picture(reply.image, "", "attachment"));
  if (custom.type === "comparison" && listOf(custom.items).length) parts.push(renderComparison(custom));
  if (items.length) {
    const list = make("ol", { class: "slate", "aria-label": "Products" });
    for (const item of items) list.append(make("li", {}, renderCard(item, custom.slate_id, actions)));
    parts.push(list);
  }
  const choices = [...listOf(reply.buttons), ...listOf(custom.suggestions)].filter((choice) => choice?.title);
  if (choices.length) {
    const row = make("div", { class: "choices", role: "group", "aria-label": "Suggested answers" });
    for (const { title, payload } of choices) {
      row.append(button(title, { class: "choice" }, () => actions.say(String(payload ?? title), String(title))));
    }
    parts.push(row);
  }
  return parts.length ? make("div", { class: "reply" }, ...parts) : null;
}

// The text of a reply without what its card shows better.
function textBeside(custom, text) {
  if (custom.type === "slate") return withoutList(text);
  if (custom.type === "comparison") return withoutDifferences(text);
  return withoutQuotes(withoutAddress(text, custom.link), custom);
}

// The text of a slate lists its products, for channels without cards; beside cards the list is said twice.
export function withoutList(text) {
  return text.split("\n").filter((line) => !/^\s*\d+[.)]\s/.test(line)).join("\n").trim();
}

// The text of a notice names its link, for channels without links; beside the link its address is only in the way.
export function withoutAddress(text, address) {
  return (address ? text.replace(address, "").replace(/\s*:\s*(\n|$)/, ".$1") : text).trim();
}

// The text of a comparison lists the differences, for channels without tables.
export function withoutDifferences(text) {
  return text.split("\n").filter((line) => !line.startsWith("- ")).join("\n").trim();
}

// Products side by side: one column for each, one row for each difference.
export function renderComparison({ items, rows, recommended }) {
  const heads = listOf(items).map((item) => {
    const number = Number.isInteger(item.position) ? `${item.position}. ` : "";
    const chosen = item.sku === recommended ? make("span", { class: "chosen" }, "suits you best") : "";
    return make("th", { scope: "col" }, picture(item.image, "", "picture"), `${number}${item.title ?? item.sku}`, chosen);
  });
  const lines = listOf(rows).map((row) =>
    make("tr", {}, make("th", { scope: "row" }, String(row.name)), ...listOf(row.values).map((value) => make("td", {}, String(value)))),
  );
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("td", {}), ...heads)), make("tbody", {}, ...lines));
  return make("div", { class: "comparison", tabindex: "0", role: "region", "aria-label": "Comparison" }, table);
}

// The text of an answer quotes what it rests on, for channels without more; beside the quote it would be said twice.
export function withoutQuotes(text, custom) {
  const quoted = custom.type === "answer" ? listOf(custom.items).map((item) => item?.passage).filter(Boolean) : [];
  return quoted.reduce((left, passage) => {
    const quote = `: “${passage}”`;
    // At the end the colon stays: the quote follows it.
    return left.trimEnd().endsWith(quote) ? `${left.trimEnd().slice(0, -quote.length)}:` : left.replace(quote, ".");
  }, text);
}

// What an answer rests on, with where it stands: a sentence of a product's texts, a paragraph of the shop's documents.
function evidence(item) {
  if (typeof item?.passage !== "string" || !item.passage) return null;
  const place = [item.document ?? item.title, item.heading ?? item.source, item.author].filter(Boolean).map(String);
  return make("figure", { class: "evidence" }, make("blockquote", {}, item.passage), make("figcaption", {}, place.join(" · ")));
}

// One product of a slate.
export function renderCard(item, slateId, { say, react }) {
  const report = (kind) => slateId && item.sku && react({ kind, sku: String(item.sku), slate_id: String(slateId) });
  const title = String(item.title ?? item.sku ?? "");
  const numbered = Number.isInteger(item.position);
  const url = safeUrl(item.url);
  const name = url
    ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, title)
    : document.createTextNode(title);
  if (url) name.addEventListener("click", () => report("click"));
  const details = button("Details", { class: "details", "aria-label": `Details of ${title}` }, () => {
    report("click");
    say(`Tell me more about number ${item.position}`);
  });
  return make(
    "article",
    { class: "card", "data-sku": String(item.sku ?? "") },
    picture(item.image, title, "picture"),
    // The guide's words say "number 2", and so may the shopper.
    slateId && numbered ? make("span", { class: "number" }, make("span", { class: "sr-only" }, "Number "), String(item.position)) : "",
    make(
      "div",
      { class: "facts" },
      item.brand ? make("p", { class: "brand" }, String(item.brand)) : "",
      make("h2", {}, name),
      price(item),
      rating(item),
      item.in_stock === false ? make("p", { class: "sold-out" }, "Out of stock") : "",
      reasons(item.reasons),
    ),
    make("div", { class: "actions" }, slateId ? thumbs(title, report) : "", slateId && numbered ? details : ""),
  );
}

// An address that a browser may load: http, https or relative. Anything else (javascript:, data:, …) is "".
export function safeUrl(address) {
  if (typeof address !== "string" || !address.trim()) return "";
  try {
    const url = new URL(address, document.baseURI);
    return HTTP.has(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

export function money(amount, currency) {
  if (typeof amount !== "number" || !Number.isFinite(amount)) return "";
  try {
    return new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount.toFixed(2)} ${currency ?? ""}`.trim();
  }
}

function productsOf(custom) {
  if (custom.type === "product") return [custom];
  return custom.type === "slate" ? listOf(custom.items) : [];
}

function listOf(value) {
  return Array.isArray(value) ? value : [];
}

function price(item) {
  const now = money(item.price, item.currency);
  if (!now) return "";
  const reduced = typeof item.list_price === "number" && item.list_price > item.price;
  return make(
    "p",
    { class: reduced ? "price reduced" : "price" },
    make("strong", {}, now),
    reduced ? make("s", {}, make("span", { class: "sr-only" }, "instead of "), money(item.list_price, item.currency)) : "",
  );
}

function rating({ rating: stars, rating_count: count }) {
  if (typeof stars !== "number") return "";
  const spoken = `Rated ${stars.toFixed(1)} of 5${count ? ` by ${count}` : ""}`;
  const shown = `★ ${stars.toFixed(1)}${count ? ` (${count})` : ""}`;
  return make("p", { class: "rating" }, make("span", { "aria-hidden": "true" }, shown), make("span", { class: "sr-only" }, spoken));
}

function reasons(list) {
  const texts = (Array.isArray(list) ? list : []).map((reason) => reason?.text).filter(Boolean);
  return texts.length ? make("ul", { class: "reasons" }, ...texts.map((text) => make("li", {}, String(text)))) : "";
}

function thumbs(title, report) {
  const choose = (kind, other) => (event) => {
    const chosen = event.currentTarget;
    if (chosen.getAttribute("aria-pressed") === "true") return;
    chosen.setAttribute("aria-pressed", "true");
    chosen.parentElement.querySelector(`.${other}`).setAttribute("aria-pressed", "false");
    report(kind);
  };
  const like = { class: "like", "aria-pressed": "false", "aria-label": `Like ${title}`, title: "I like it" };
  const dislike = { class: "dislike", "aria-pressed": "false", "aria-label": `Dislike ${title}`, title: "Not for me" };
  return make(
    "span",
    { class: "thumbs" },
    button("", like, choose("like", "dislike")),
    button("", dislike, choose("dislike", "like")),
  );
}

function picture(address, alt, className) {
  const url = safeUrl(address);
  if (!url) return make("div", { class: `${className} missing`, "aria-hidden": "true" });
  const image = make("img", { class: className, alt, loading: "lazy", referrerpolicy: "no-referrer", src: url });
  image.addEventListener("error", () => image.replaceWith(picture("", alt, className)), { once: true });
  return image;
}

function button(label, attributes, onClick) {
  const element = make("button", { type: "button", ...attributes }, String(label));
  element.addEventListener("click", onClick);
  return element;
}

// An element with attributes and children; strings become text. The only place where elements are made.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== ""));
  return element;
}
