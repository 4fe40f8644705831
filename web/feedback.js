// What the shopper did with a slate, sent to the guide server; kept and sent again while it cannot be reached.

const MOST_KEPT = 50;

export class Feedback {
  #identity;
  #waiting = [];
  #sending = false;

  constructor(identity) {
    this.#identity = identity;
  }

  // event: {kind, sku, slate_id}
  send(event) {
    this.#waiting.push({ ...event, event_id: newId() });
    this.#waiting.splice(0, this.#waiting.length - MOST_KEPT);
    return this.flush();
  }

  // Send what waits. An event that the server has already counts once, so sending again is safe.
  async flush() {
    if (this.#sending || !this.#waiting.length) return;
    this.#sending = true;
    const events = [...this.#waiting];
    try {
      let answer = await this.#post(events, await this.#identity.get());
      if (answer.status === 401) answer = await this.#post(events, await this.#identity.renew());
      // What the server refuses for good is not worth keeping; what it cannot take now is.
      if (answer.status < 500 && answer.status !== 429) this.#waiting = this.#waiting.filter((e) => !events.includes(e));
    } catch {
      // not reachable: the next event or the next connection tries again
    } finally {
      this.#sending = false;
    }
  }

  #post(events, { token }) {
    return fetch("/v1/chat/events", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify({ events }),
      keepalive: true,
    });
  }
}

// crypto.randomUUID exists on https and localhost only.
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
