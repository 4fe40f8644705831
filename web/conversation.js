// The socket to the dialogue server: messages out, replies in, and what the connection is doing.

import { io } from "./vendor/socket.io.esm.min.js";

const AGAIN_MS = [1000, 2000, 5000, 10000];

export class Conversation {
  #identity;
  #onReply;
  #onState;
  #socket = null;
  #unsent = [];
  #failures = 0;

  // onReply gets each reply; onState gets "connecting", "online", "lost" or "refused".
  constructor(identity, { onReply, onState }) {
    this.#identity = identity;
    this.#onReply = onReply;
    this.#onState = onState;
  }

  async start() {
    this.#onState("connecting");
    try {
      const { socket_url } = await this.#identity.get();
      this.#open(socket_url);
    } catch {
      this.#onState("refused");
      this.#later(() => this.start());
    }
  }

  // Leave this conversation and begin another one, as whoever the identity says now.
  restart() {
    this.#socket?.disconnect();
    return this.start();
  }

  // Say something, now or as soon as the connection stands.
  say(message) {
    if (this.#socket?.connected) this.#socket.emit("user_uttered", { message });
    else this.#unsent.push(message);
  }

  #open(url) {
    // Polling needs every request to reach the same worker; a websocket does not.
    this.#socket = io(url, {
      transports: ["websocket"],
      auth: (send) => this.#identity.get().then(
        ({ token }) => send({ token }),
        () => send({}),
      ),
    });
    this.#socket.on("connect", () => {
      this.#failures = 0;
      this.#onState("online");
      for (const message of this.#unsent.splice(0)) this.say(message);
    });
    this.#socket.on("bot_uttered", (reply) => this.#onReply(reply));
    this.#socket.on("disconnect", (reason) => {
      this.#onState("lost");
      // The server ended it, so the client does not come back by itself.
      if (reason === "io server disconnect") this.#later(() => this.#socket.connect());
    });
    this.#socket.on("connect_error", () => {
      this.#onState("lost");
      // Refused, not unreachable: the token has ended or the secret has changed.
      if (!this.#socket.active) this.#later(() => this.#renewed());
    });
  }

  async #renewed() {
    try {
      await this.#identity.renew();
    } catch {
      this.#later(() => this.#renewed());
      return;
    }
    this.#socket.connect();
  }

  #later(action) {
    const pause = AGAIN_MS[Math.min(this.#failures++, AGAIN_MS.length - 1)];
    setTimeout(action, pause);
  }
}
