// Who this browser is: a token signed by the guide server, kept so that a returning visitor is known again.

const KEY = "shopguide.token";
const RENEW_BEFORE_MS = 60000;

export class Identity {
  #token = null;
  #renewal = null;

  // The current identity: {token, conversation_id, socket_url, expires_at}; asks the server when there is none that holds.
  async get() {
    if (this.#token && Date.parse(this.#token.expires_at) - Date.now() > RENEW_BEFORE_MS) return this.#token;
    return this.renew();
  }

  // A fresh token for the same identity. Calls at the same time share one request.
  renew() {
    this.#renewal ??= this.#ask().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  // Be nobody: the next token is a new visitor's.
  forget() {
    this.#token = null;
    store(null);
  }

  async #ask() {
    const answer = await fetch("/v1/chat/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: this.#token?.token ?? stored() }),
    });
    if (!answer.ok) throw new Error(`no chat token: ${answer.status}`);
    this.#token = await answer.json();
    store(this.#token.token);
    return this.#token;
  }
}

// Storage may be off; the visitor is a new one each time then.
function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function store(token) {
  try {
    if (token) localStorage.setItem(KEY, token);
    else localStorage.removeItem(KEY);
  } catch {
    // as above
  }
}
