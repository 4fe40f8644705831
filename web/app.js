// The chat page: puts messages, connection and feedback together.

import { Conversation } from "./conversation.js";
import { Feedback } from "./feedback.js";
import { Identity } from "./identity.js";
import { renderReply, renderSaid, withoutList } from "./render.js";

const TYPING_FOR_MS = 20000;
const MARGIN = 12;
const STATE = {
  online: "Online",
  connecting: "Connecting…",
  lost: "Connection lost. Trying again…",
  refused: "The guide cannot be reached right now.",
};

const main = document.querySelector("main");
const log = document.getElementById("log");
const typing = document.getElementById("typing");
const composer = document.getElementById("composer");
const input = document.getElementById("message");
const connection = document.getElementById("connection");

const identity = new Identity();
const feedback = new Feedback(identity);
const conversation = new Conversation(identity, { onReply: show, onState: tell });
let typingTimer = 0;
let lastText = null;

function show(reply) {
  waiting(false);
  if (reply.custom?.type === "slate" && !reply.text && lastText) {
    // Text and slate came as two messages: the cards replace the list in the text here too.
    log.lastElementChild.remove();
    reply = { ...reply, text: withoutList(lastText) };
  }
  lastText = reply.custom || reply.buttons ? null : (reply.text ?? null);
  if (reply.custom?.type === "slate") {
    // "Number 2" means the second of the newest slate, so an older card cannot ask for its details any more.
    for (const stale of log.querySelectorAll(".details")) stale.remove();
  }
  if (reply.custom?.type === "notice" && reply.custom.notice === "erased") {
    // The shopper is forgotten: what this browser says next comes from somebody new.
    identity.forget();
    conversation.restart();
  }
  const element = renderReply(reply, { say, react: (event) => feedback.send(event) });
  if (element) append(element);
}

function say(text, title = text) {
  // What was offered before is no longer the question.
  for (const stale of log.querySelectorAll(".choices")) stale.remove();
  lastText = null;
  append(renderSaid(title));
  conversation.say(text);
  waiting(true);
}

function append(element) {
  log.append(element);
  // The end, but never past the beginning of what is new.
  main.scrollTop = Math.min(main.scrollHeight, element.offsetTop - MARGIN);
}

function waiting(on) {
  clearTimeout(typingTimer);
  typing.hidden = !on;
  if (on) {
    main.scrollTop = main.scrollHeight;
    typingTimer = setTimeout(() => waiting(false), TYPING_FOR_MS);
  }
}

function tell(state) {
  connection.dataset.state = state;
  connection.textContent = STATE[state];
  if (state === "online") feedback.flush();
  else waiting(false);
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  say(text);
  input.focus();
});

show({ text: "Hello! Tell me what you need in your own words: what it is for, a price, a colour, a brand you like or don't." });
conversation.start();
