// Made by `make gen` from clients/typescript and openapi/; not to be edited.


// ../../gen/ts/operations.ts
var table = {
  users: {
    createUser: "POST /api/v1/users p",
    getUser: "GET /api/v1/users/{userId}",
    createUserV2: "POST /api/v2/users p",
    getUserV2: "GET /api/v2/users/{userId}",
    getUserProfile: "GET /api/v2/users/{userId}/profile",
    confirmEmail: "POST /api/v1/email-verification/confirm p",
    confirmEmailChange: "POST /api/v1/email-change/confirm p",
    requestPasswordReset: "POST /api/v1/password-reset p",
    resetPassword: "POST /api/v1/password-reset/confirm p",
    startSession: "POST /api/v1/login pc",
    answerChallenge: "POST /api/v1/login/second-factor pc",
    refreshSession: "POST /api/v1/refresh pc",
    endSession: "POST /api/v1/logout c",
    listSessions: "GET /api/v1/sessions l",
    revokeOtherSessions: "POST /api/v1/sessions/revoke-others",
    revokeSession: "DELETE /api/v1/sessions/{sessionId}",
    getProfile: "GET /api/v1/profile",
    updateProfile: "PATCH /api/v1/profile",
    changePassword: "PUT /api/v1/profile/password",
    getSecondFactor: "GET /api/v1/profile/second-factor",
    enrolSecondFactor: "POST /api/v1/profile/second-factor",
    confirmSecondFactor: "POST /api/v1/profile/second-factor/confirm",
    disableSecondFactor: "POST /api/v1/profile/second-factor/disable",
    replaceRecoveryCodes: "POST /api/v1/profile/second-factor/recovery-codes",
    requestEmailVerification: "POST /api/v1/profile/email-verification",
    requestEmailChange: "POST /api/v1/profile/email-change",
    listActivity: "GET /api/v1/profile/activity l",
    exportOwnData: "POST /api/v1/profile/export",
    requestDeletion: "POST /api/v1/profile/deletion",
    cancelDeletion: "DELETE /api/v1/profile/deletion",
    listUsers: "GET /api/v1/admin/users l",
    deleteUser: "DELETE /api/v1/admin/users/{userId}",
    disableUser: "POST /api/v1/admin/users/{userId}/disable",
    removeSecondFactor: "DELETE /api/v1/admin/users/{userId}/second-factor",
    enableUser: "POST /api/v1/admin/users/{userId}/enable",
    setUserRoles: "PUT /api/v1/admin/users/{userId}/roles",
    listUserSessions: "GET /api/v1/admin/users/{userId}/sessions l",
    revokeUserSessions: "POST /api/v1/admin/users/{userId}/sessions/revoke",
    revokeUserSession: "DELETE /api/v1/admin/users/{userId}/sessions/{sessionId}",
    listAuditEntries: "GET /api/v1/admin/audit-entries l",
    getKeySet: "GET /.well-known/jwks.json p"
  },
  orders: {
    listProducts: "GET /api/v1/products pl",
    createProduct: "POST /api/v1/products 0",
    getProduct: "GET /api/v1/products/{productId} p0",
    updateProduct: "PATCH /api/v1/products/{productId} m0",
    archiveProduct: "POST /api/v1/products/{productId}/archive 1",
    duplicateProduct: "POST /api/v1/products/{productId}/duplicate 1",
    getStock: "GET /api/v1/products/{productId}/stock",
    listStockAdjustments: "GET /api/v1/products/{productId}/stock-adjustments l",
    adjustStock: "POST /api/v1/products/{productId}/stock-adjustments k",
    listOrders: "GET /api/v1/orders l",
    createOrder: "POST /api/v1/orders k0",
    listOrderAuditEntries: "GET /api/v1/orders/audit-entries l",
    exportOrders: "GET /api/v1/orders/export b",
    getOrder: "GET /api/v1/orders/{orderId} 0",
    listOrderEvents: "GET /api/v1/orders/{orderId}/events ls",
    cancelOrder: "POST /api/v1/orders/{orderId}/cancel 1",
    payOrder: "POST /api/v1/orders/{orderId}/pay 1",
    shipOrder: "POST /api/v1/orders/{orderId}/ship 1",
    deliverOrder: "POST /api/v1/orders/{orderId}/deliver 1",
    refundOrder: "POST /api/v1/orders/{orderId}/refund k1",
    listWebhooks: "GET /api/v1/webhooks l",
    createWebhook: "POST /api/v1/webhooks",
    getWebhook: "GET /api/v1/webhooks/{webhookId}",
    updateWebhook: "PATCH /api/v1/webhooks/{webhookId}",
    deleteWebhook: "DELETE /api/v1/webhooks/{webhookId}",
    rotateWebhookSecret: "POST /api/v1/webhooks/{webhookId}/rotate-secret",
    listWebhookDeliveries: "GET /api/v1/webhooks/{webhookId}/deliveries l",
    replayWebhookDelivery: "POST /api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay"
  }
};

// src/problem.ts
var ProblemError = class extends Error {
  name = "ProblemError";
  /** The problem. */
  problem;
  /** The answer, when there was one. */
  response;
  constructor(failure) {
    super(`${failure.problem.code}: ${failure.problem.detail}`);
    this.problem = failure.problem;
    this.response = failure.response;
  }
};
function unwrap(result) {
  if (result.ok) return result.data;
  throw new ProblemError(result);
}
var details = {
  unreachable: "The service cannot be reached, or its answer was lost.",
  timed_out: "There was no answer in time.",
  aborted: "The call was given up.",
  unreadable: "The answer is not one that this client understands.",
  refresh_failed: "The session cannot be renewed at present."
};
function clientProblem(code, instance, now, cause) {
  return {
    type: "about:blank",
    title: code,
    status: 0,
    detail: details[code],
    instance,
    code,
    request_id: "",
    timestamp: new Date(now).toISOString(),
    ...cause === void 0 ? {} : { cause }
  };
}

// src/waiting.ts
function sleep(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done);
  });
}
function until(promise, signal) {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
function deadline(outer, ms) {
  const inner = new AbortController();
  const leave = () => inner.abort(outer?.reason);
  const bound = {
    signal: inner.signal,
    late: false,
    stop: () => clearTimeout(timer),
    release: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", leave);
    }
  };
  const timer = setTimeout(() => {
    bound.late = true;
    inner.abort();
  }, ms);
  if (outer?.aborted) leave();
  else outer?.addEventListener("abort", leave);
  return bound;
}

// src/call.ts
var firstStep = 200;
var longestStep = 5e3;
function backoff(tries) {
  return Math.random() * Math.min(longestStep, firstStep * 2 ** tries);
}
async function call(c, op, input) {
  const url = addressOf(op, input);
  const keyed = op.marks.includes("k") ? { idempotencyKey: input.idempotencyKey ?? newKey() } : {};
  const time = input.timeout ?? c.timeout;
  const bound = deadline(input.signal, time);
  const answer = await persist(c, op, url, { ...input, ...keyed }, bound, c.now() + time);
  if (answer.ok && answer.data instanceof ReadableStream) bound.stop();
  else bound.release();
  return { ...answer, ...keyed };
}
async function persist(c, op, url, input, bound, end) {
  let refused;
  for (let tries = 1; ; tries++) {
    const access = op.marks.includes("p") ? void 0 : await accessToken(c, op, bound);
    if (typeof access === "object") return access;
    if (refused && access === void 0) return refused;
    const answer = await send(c, op, url, input, access, bound);
    if (answer.ok) return answer;
    if (access !== void 0 && !refused && answer.problem.code === "unauthenticated") {
      refused = answer;
      c.session.refuse(access);
      tries--;
      continue;
    }
    const wait = retryAfter(answer.response) * 1e3 + backoff(tries);
    if (tries >= c.attempts || !mayRepeat(op, input, answer) || c.now() + wait >= end) return answer;
    await sleep(wait, bound.signal);
  }
}
async function accessToken(c, op, bound) {
  try {
    const access = await until(c.session.access(), bound.signal);
    if (typeof access !== "object") return access;
    return fail(access.status === 0 ? access : clientProblem("refresh_failed", op.path, c.now(), access));
  } catch (cause) {
    return fail(clientProblem(bound.late ? "timed_out" : "aborted", op.path, c.now(), cause));
  }
}
async function send(c, op, url, input, access, bound) {
  const headers = new Headers({ Accept: "application/json, application/problem+json", ...input.stream });
  if (access !== void 0) headers.set("Authorization", `Bearer ${access}`);
  if (input.body !== void 0) headers.set("Content-Type", "application/json");
  if (input.idempotencyKey !== void 0) headers.set("Idempotency-Key", input.idempotencyKey);
  const version = op.marks.includes("m") ? input.ifMatch ?? c.versions.of(resourceOf(op, url)) : void 0;
  if (version !== void 0) headers.set("If-Match", typeof version === "number" ? `"${version}"` : version);
  const init = { method: op.method, headers, signal: bound.signal, credentials: op.marks.includes("c") ? "include" : "omit" };
  if (input.body !== void 0) init.body = JSON.stringify(input.body);
  let response;
  try {
    response = await c.fetch(url, init);
    if (response.ok && (op.marks.includes("b") || input.stream)) {
      return { ok: true, status: response.status, data: response.body, response };
    }
    const text = await response.text();
    const data = text === "" ? void 0 : JSON.parse(text);
    if (response.ok) {
      remember(c, op, url, response);
      return { ok: true, status: response.status, data, response };
    }
    return isProblem(data) ? fail(data, response) : fail(clientProblem("unreadable", op.path, c.now(), text), response);
  } catch (cause) {
    const code = bound.late ? "timed_out" : input.signal?.aborted ? "aborted" : cause instanceof SyntaxError ? "unreadable" : "unreachable";
    return fail(clientProblem(code, op.path, c.now(), cause), response);
  }
}
function fail(problem, response) {
  return { ok: false, status: response?.status ?? 0, problem, response };
}
function isProblem(data) {
  return typeof data === "object" && data !== null && "code" in data && typeof data.code === "string";
}
function resourceOf(op, url) {
  const above = Number(/\d/.exec(op.marks));
  return url.split("?", 1)[0].split("/").slice(0, -above || void 0).join("/");
}
function remember(c, op, url, response) {
  const tag = response.headers.get("ETag");
  const made = response.headers.get("Location");
  if (tag !== null) c.versions.remember(made === null ? resourceOf(op, url) : op.base + made, tag);
}
function mayRepeat(op, input, answer) {
  const { code } = answer.problem;
  if (code === "rate_limited" || code === "overloaded") return true;
  if (op.method !== "GET" && input.idempotencyKey === void 0 && !input.repeatable) return false;
  return code === "unreachable" || code === "idempotency_key_in_use" || [502, 503, 504].includes(answer.status);
}
function retryAfter(response) {
  return Number(response?.headers.get("Retry-After")) || 0;
}
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
function addressOf(op, input) {
  const path = op.path.replace(/\{(\w+)\}/g, (_, name) => {
    const value = String(input.path?.[name] ?? "");
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} is not a segment of a path`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) if (value !== void 0) query.set(name, String(value));
  return op.base + path + (query.size > 0 ? `?${query}` : "");
}

// src/session.ts
var leeway = 5e3;
var KeptSession = class {
  #exchange;
  #now;
  #cookie;
  #tabs;
  #ended;
  #listeners = /* @__PURE__ */ new Set();
  #tokens;
  // null: signed out; undefined: nobody knows yet
  #renewal;
  #changes = 0;
  constructor(o) {
    this.#exchange = o.exchange;
    this.#now = o.now;
    this.#cookie = o.cookie;
    this.#ended = o.ended;
    this.#tokens = o.cookie ? void 0 : null;
    this.#tabs = o.tabs?.(
      (tokens) => this.#hear(tokens),
      () => this.#fresh()
    );
  }
  get state() {
    return this.#tokens ? "signed_in" : this.#tokens === null ? "signed_out" : "unknown";
  }
  get tokens() {
    return this.#tokens ?? void 0;
  }
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  restore(tokens) {
    this.#set(tokens);
    this.#tabs?.tell(tokens);
  }
  async resume() {
    await this.access();
    return this.state === "signed_in";
  }
  forget() {
    this.#set(null);
    this.#tabs?.tell(null);
  }
  /** Takes the tokens of a login or an exchange. */
  take(set) {
    this.restore({ access: set.access_token, refresh: set.refresh_token, expires: this.#now() + set.expires_in * 1e3 });
  }
  /** Notes that an access token is refused, so that the next one to ask renews it. */
  refuse(access) {
    if (this.#tokens?.access === access) this.#tokens = { ...this.#tokens, expires: 0 };
  }
  /** Gives an access token that can be used, undefined when nobody is signed in, or the problem of a renewal that failed for now. */
  async access() {
    if (this.#tokens === null) return void 0;
    const fresh = this.#fresh();
    if (fresh) return fresh.access;
    return this.#renewal ??= this.#renew().finally(() => this.#renewal = void 0);
  }
  /** Lets go of the other tabs. */
  close() {
    this.#tabs?.close();
    this.#tabs = void 0;
  }
  async #renew() {
    const renew = async () => {
      await this.#tabs?.ask(() => this.#fresh() !== void 0);
      if (this.#tokens === null) return void 0;
      const fresh = this.#fresh();
      if (fresh) return fresh.access;
      const refresh = this.#tokens?.refresh;
      if (refresh === void 0 && !this.#cookie) return this.#end(void 0);
      const changes = this.#changes;
      const result = await this.#exchange(refresh);
      if (this.#changes !== changes) return this.#tokens?.access;
      if (result.ok) {
        this.take(result.data);
        return result.data.access_token;
      }
      if (result.status < 400 || result.status >= 500 || result.status === 429) return result.problem;
      if (this.#tokens) this.#tabs?.tell(null);
      return this.#end(result.problem);
    };
    return this.#tabs ? this.#tabs.alone(renew) : renew();
  }
  /** Takes what another tab tells, unless it is no news: an access token that was refused here is not good because others hold it still. */
  #hear(tokens) {
    if (!tokens) this.#end(void 0);
    else if (!this.#tokens || tokens.expires > this.#tokens.expires && tokens.access !== this.#tokens.access) this.#set(tokens);
  }
  #end(problem) {
    const before = this.state;
    this.#set(null);
    if (before === "signed_in") this.#ended(problem);
  }
  #set(tokens) {
    const before = this.state;
    this.#tokens = tokens;
    this.#changes++;
    if (this.state !== before) for (const listener of this.#listeners) listener();
  }
  #fresh() {
    return this.#tokens && this.#tokens.expires - this.#now() > leeway ? this.#tokens : void 0;
  }
};

// src/stream.ts
var eventStream = "text/event-stream";
async function* follow(c, op, input) {
  const { signal, silence = 4e4, patience = 12e4 } = input;
  let { lastEventId } = input;
  let pause = 1e3;
  let failures = 0;
  let alive = c.now();
  while (!signal?.aborted) {
    const connection = new AbortController();
    const leave = () => connection.abort();
    signal?.addEventListener("abort", leave);
    let lost = { ok: false, status: 0, problem: clientProblem("unreachable", op.path, c.now()), response: void 0 };
    try {
      const stream = { Accept: eventStream, ...lastEventId === void 0 ? {} : { "Last-Event-ID": lastEventId } };
      const answer = await call(c, op, { ...input, stream, signal: connection.signal });
      if (signal?.aborted) return;
      if (!answer.ok) {
        lost = answer;
      } else if (answer.response.headers.get("Content-Type")?.startsWith(eventStream)) {
        for await (const event of events(answer.data, silence, leave)) {
          failures = 0;
          lastEventId = event.id ?? lastEventId;
          pause = event.retry ?? pause;
          if (event.data !== "") yield JSON.parse(event.data);
          alive = c.now();
        }
      } else {
        lost = { ...lost, status: answer.status, problem: clientProblem("unreadable", op.path, c.now()), response: answer.response };
      }
    } finally {
      leave();
      signal?.removeEventListener("abort", leave);
    }
    if (signal?.aborted) return;
    const passes = lost.problem.code !== "unreadable" && (lost.status === 0 || lost.status === 429 || lost.status >= 500);
    if (!passes || c.now() - alive > patience) throw new ProblemError(lost);
    await sleep(pause / 2 + Math.random() * pause + backoff(failures++), signal);
  }
}
async function* events(body, silence, leave) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let event = { id: void 0, data: "", retry: void 0 };
  for (; ; ) {
    const timer = setTimeout(leave, silence);
    const part = await reader.read().catch(() => ({ done: true, value: void 0 }));
    clearTimeout(timer);
    if (part.done) return;
    const lines = (rest + decoder.decode(part.value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      const [, field, value = ""] = /^([^:]*)(?:: ?([^]*))?$/.exec(line);
      if (line === "") {
        yield { ...event, data: event.data.slice(0, -1) };
        event = { id: event.id, data: "", retry: event.retry };
      } else if (field === "data") event.data += value + "\n";
      else if (field === "id" && !value.includes("\0")) event.id = value;
      else if (field === "retry" && /^\d+$/.test(value)) event.retry = Number(value);
    }
  }
}

// src/tabs.ts
var answerWithin = 100;
var renewalWithin = 1e4;
var Tabs = class {
  #name;
  #channel;
  #heard = () => {
  };
  constructor(name, hear, fresh) {
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => {
      if (data === "ask") {
        const tokens = fresh();
        if (tokens) this.tell(tokens);
        return;
      }
      hear(data);
      this.#heard();
    };
  }
  /** Tells the other tabs of new tokens, or with null of the end. */
  tell(tokens) {
    this.#channel.postMessage(tokens);
  }
  /** Asks the other tabs for tokens and waits until that is enough, though not for long. */
  async ask(enough) {
    const wait = new AbortController();
    this.#heard = () => enough() && wait.abort();
    this.#channel.postMessage("ask");
    await sleep(answerWithin, wait.signal);
    this.#heard = () => {
    };
  }
  /** Does something while no other tab does it. Without Web Locks, and when a tab does not end, it does it all the same: the service bears it. */
  async alone(act) {
    if (!navigator.locks) return act();
    let begun = false;
    try {
      return await navigator.locks.request(this.#name, { signal: AbortSignal.timeout(renewalWithin) }, () => {
        begun = true;
        return act();
      });
    } catch (failure) {
      if (begun) throw failure;
      return act();
    }
  }
  /** Lets go of the channel. */
  close() {
    this.#channel.close();
  }
};

// src/versions.ts
var capacity = 1e3;
var Versions = class {
  #known = /* @__PURE__ */ new Map();
  /** Remembers the version that an answer tells. */
  remember(address, tag) {
    this.#known.delete(address);
    this.#known.set(address, tag);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= capacity) break;
      this.#known.delete(oldest);
    }
  }
  /** Gives the version that was seen last, if any. */
  of(address) {
    const tag = this.#known.get(address);
    if (tag !== void 0) this.remember(address, tag);
    return tag;
  }
  /** Forgets all: they are another person's. */
  forget() {
    this.#known.clear();
  }
};

// src/client.ts
var renewalTime = 8e3;
function createClient(options = {}) {
  const browser = typeof document !== "undefined" && typeof BroadcastChannel !== "undefined";
  const { baseUrl = "", cookie = browser, tabs = browser } = options;
  const operations = /* @__PURE__ */ new Map();
  const byPath = /* @__PURE__ */ new Map();
  for (const service of ["users", "orders"]) {
    const base = (typeof baseUrl === "string" ? baseUrl : baseUrl[service]).replace(/\/$/, "");
    for (const [id, text] of Object.entries(table[service])) {
      const [method = "", path = "", marks = ""] = text.split(" ");
      operations.set(id, { base, method, path, marks });
      byPath.set(`${method} ${path}`, id);
    }
  }
  const session = new KeptSession({
    exchange: (refresh) => call(circumstances, operations.get("refreshSession"), {
      body: refresh === void 0 ? {} : { refresh_token: refresh },
      timeout: renewalTime,
      repeatable: true
    }),
    now: options.now ?? Date.now,
    cookie,
    tabs: tabs ? (hear, fresh) => new Tabs(`plumbline ${operations.get("refreshSession").base}`, hear, fresh) : void 0,
    ended: (problem) => options.onSessionEnd?.(problem)
  });
  const circumstances = {
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    session,
    versions: new Versions(),
    now: options.now ?? Date.now,
    timeout: options.timeout ?? 1e4,
    attempts: options.attempts ?? 3
  };
  session.subscribe(() => session.state === "signed_out" && circumstances.versions.forget());
  const run = async (id, input = {}) => {
    if (id === "startSession") input = { ...input, body: { cookie, ...input.body } };
    const answer = await call(circumstances, operations.get(id), input);
    if (answer.ok && answer.status === 200 && (id === "startSession" || id === "answerChallenge" || id === "refreshSession")) session.take(answer.data);
    if (id === "endSession") session.forget();
    return answer;
  };
  async function* pagesOf(id, input) {
    for (let cursor = input.query?.["cursor"]; cursor !== null; ) {
      const answer = await run(id, { ...input, query: { ...input.query, cursor } });
      if (!answer.ok) throw new ProblemError(answer);
      const page = answer.data;
      yield page;
      cursor = page.next_cursor;
    }
  }
  const pages = {};
  const streams = {};
  const client = { pages, streams, session, close: () => session.close() };
  for (const [id, op] of operations) {
    client[id] = (input) => run(id, input);
    client[op.method] = (path, input) => run(byPath.get(`${op.method} ${path}`), input);
    if (op.marks.includes("l")) {
      pages[id] = (input = {}) => ({
        pages: () => pagesOf(id, input),
        async *[Symbol.asyncIterator]() {
          for await (const page of pagesOf(id, input)) yield* page.items;
        }
      });
    }
    if (op.marks.includes("s")) streams[id] = (input) => follow(circumstances, op, input);
  }
  return client;
}
export {
  ProblemError,
  createClient,
  unwrap
};
