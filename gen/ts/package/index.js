// Made by `make gen` from clients/typescript and openapi/; not to be edited.


// ../../gen/ts/operations.ts
var table = {
  orders: {
    listProducts: "GET /api/v1/products 200=ProductList pl",
    createProduct: "POST /api/v1/products 201=Product 0",
    getProduct: "GET /api/v1/products/{productId} 200=Product p0",
    updateProduct: "PATCH /api/v1/products/{productId} 200=Product m0",
    archiveProduct: "POST /api/v1/products/{productId}/archive 200=Product 1",
    duplicateProduct: "POST /api/v1/products/{productId}/duplicate 201=Product 1",
    getStock: "GET /api/v1/products/{productId}/stock 200=Stock",
    listStockAdjustments: "GET /api/v1/products/{productId}/stock-adjustments 200=StockAdjustmentList l",
    adjustStock: "POST /api/v1/products/{productId}/stock-adjustments 201=AdjustedStock k",
    listOrders: "GET /api/v1/orders 200=OrderList l",
    createOrder: "POST /api/v1/orders 201=Order k0",
    listOrderAuditEntries: "GET /api/v1/orders/audit-entries 200=AuditEntryList l",
    exportOrders: "GET /api/v1/orders/export 200=application/x-ndjson,text/csv b",
    getOrder: "GET /api/v1/orders/{orderId} 200=Order 0",
    listOrderEvents: "GET /api/v1/orders/{orderId}/events 200=OrderEventList,text/event-stream ls",
    cancelOrder: "POST /api/v1/orders/{orderId}/cancel 200=Order 1",
    payOrder: "POST /api/v1/orders/{orderId}/pay 200=Order 1",
    shipOrder: "POST /api/v1/orders/{orderId}/ship 200=Order 1",
    deliverOrder: "POST /api/v1/orders/{orderId}/deliver 200=Order 1",
    refundOrder: "POST /api/v1/orders/{orderId}/refund 200=Order k1",
    listWebhooks: "GET /api/v1/webhooks 200=WebhookList l",
    createWebhook: "POST /api/v1/webhooks 201=WebhookWithSecret",
    getWebhook: "GET /api/v1/webhooks/{webhookId} 200=Webhook",
    updateWebhook: "PATCH /api/v1/webhooks/{webhookId} 200=Webhook",
    deleteWebhook: "DELETE /api/v1/webhooks/{webhookId} 204",
    rotateWebhookSecret: "POST /api/v1/webhooks/{webhookId}/rotate-secret 200=WebhookWithSecret",
    listWebhookDeliveries: "GET /api/v1/webhooks/{webhookId}/deliveries 200=WebhookDeliveryList l",
    replayWebhookDelivery: "POST /api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay 202=WebhookDelivery"
  },
  users: {
    createUser: "POST /api/v1/users 201=UserV1 p",
    getUser: "GET /api/v1/users/{userId} 200=UserV1",
    createUserV2: "POST /api/v2/users 201=UserV2 p",
    getUserV2: "GET /api/v2/users/{userId} 200=UserV2",
    getUserProfile: "GET /api/v2/users/{userId}/profile 200=Profile",
    confirmEmail: "POST /api/v1/email-verification/confirm 204 p",
    confirmEmailChange: "POST /api/v1/email-change/confirm 204 p",
    requestPasswordReset: "POST /api/v1/password-reset 202 p",
    resetPassword: "POST /api/v1/password-reset/confirm 204 p",
    startSession: "POST /api/v1/login 200=TokenSet|202=LoginChallenge pc",
    answerChallenge: "POST /api/v1/login/second-factor 200=TokenSet pc",
    refreshSession: "POST /api/v1/refresh 200=TokenSet pc",
    endSession: "POST /api/v1/logout 204 c",
    listSessions: "GET /api/v1/sessions 200=SessionList l",
    revokeOtherSessions: "POST /api/v1/sessions/revoke-others 200=RevokedSessions",
    revokeSession: "DELETE /api/v1/sessions/{sessionId} 204",
    getProfile: "GET /api/v1/profile 200=Profile",
    updateProfile: "PATCH /api/v1/profile 200=Profile",
    changePassword: "PUT /api/v1/profile/password 204",
    getSecondFactor: "GET /api/v1/profile/second-factor 200=SecondFactor",
    enrolSecondFactor: "POST /api/v1/profile/second-factor 200=SecondFactorSecret",
    confirmSecondFactor: "POST /api/v1/profile/second-factor/confirm 200=RecoveryCodes",
    disableSecondFactor: "POST /api/v1/profile/second-factor/disable 204",
    replaceRecoveryCodes: "POST /api/v1/profile/second-factor/recovery-codes 200=RecoveryCodes",
    requestEmailVerification: "POST /api/v1/profile/email-verification 202=EmailVerification",
    getEmailChange: "GET /api/v1/profile/email-change 200=EmailChange",
    cancelEmailChange: "DELETE /api/v1/profile/email-change 204",
    requestEmailChange: "POST /api/v1/profile/email-change 202=EmailChange",
    listActivity: "GET /api/v1/profile/activity 200=ActivityList l",
    exportOwnData: "POST /api/v1/profile/export 200=OwnData",
    requestDeletion: "POST /api/v1/profile/deletion 202=Deletion",
    cancelDeletion: "DELETE /api/v1/profile/deletion 204",
    listUsers: "GET /api/v1/admin/users 200=AdminUserList l",
    deleteUser: "DELETE /api/v1/admin/users/{userId} 204",
    disableUser: "POST /api/v1/admin/users/{userId}/disable 200=AdminUser",
    removeSecondFactor: "DELETE /api/v1/admin/users/{userId}/second-factor 204",
    enableUser: "POST /api/v1/admin/users/{userId}/enable 200=AdminUser",
    setUserRoles: "PUT /api/v1/admin/users/{userId}/roles 200=AdminUser",
    listUserSessions: "GET /api/v1/admin/users/{userId}/sessions 200=SessionList l",
    revokeUserSessions: "POST /api/v1/admin/users/{userId}/sessions/revoke 200=RevokedSessions",
    revokeUserSession: "DELETE /api/v1/admin/users/{userId}/sessions/{sessionId} 204",
    listAuditEntries: "GET /api/v1/admin/audit-entries 200=AuditEntryList l",
    getKeySet: "GET /.well-known/jwks.json 200=KeySet p"
  }
};
var shapes = {
  Problem: "type:s,title:s,status:n,detail:s,instance:s,code:s,request_id:s,timestamp:s",
  ProductList: "items:a,next_cursor",
  Product: "id:s,sku:s,name:s,description:s,price:o,status:s,available:n,version:n,created_at:s,updated_at:s",
  Stock: "product_id:s,available:n,reserved:n,sold:n,received:n,updated_at:s",
  StockAdjustmentList: "items:a,next_cursor",
  AdjustedStock: "adjustment:o,stock:o",
  OrderList: "items:a,next_cursor",
  Order: "id:s,number:s,customer_id:s,status:s,items:a,total:o,paid:o,refunded:o,allowed_actions:a,version:n,created_at:s,updated_at:s",
  AuditEntryList: "items:a,next_cursor",
  OrderEventList: "items:a,next_cursor",
  WebhookList: "items:a,next_cursor",
  WebhookWithSecret: "webhook:o,secret:s",
  Webhook: "id:s,url:s,event_types:a,enabled:b,created_at:s,updated_at:s",
  WebhookDeliveryList: "items:a,next_cursor",
  WebhookDelivery: "id:s,event_id:s,event_type:s,order_id:s,status:s,attempts:n,created_at:s",
  UserV1: "id:s,name:s,email:s",
  UserV2: "id:s,name:s,email:s,created_at:s",
  Profile: "id:s,name:s,email:s,email_verified:b,roles:a,created_at:s,updated_at:s",
  TokenSet: "access_token:s,token_type:s,expires_in:n",
  LoginChallenge: "challenge:s,expires_in:n,methods:a",
  SessionList: "items:a,next_cursor",
  RevokedSessions: "revoked:n",
  SecondFactor: "enabled:b,recovery_codes_left:n",
  SecondFactorSecret: "secret:s,uri:s,qr_code:s",
  RecoveryCodes: "recovery_codes:a",
  EmailVerification: "email:s,verified:b",
  EmailChange: "email:s,expires_at:s,mailed_at:s,next_mail_at:s",
  ActivityList: "items:a,next_cursor",
  OwnData: "exported_at:s,profile:o,status:s,second_factor:o,sessions:a,mails:a,activity:o",
  Deletion: "deletes_at:s",
  AdminUserList: "items:a,next_cursor",
  AdminUser: "id:s,name:s,email:s,email_verified:b,second_factor:b,status:s,roles:a,created_at:s,updated_at:s",
  KeySet: "keys:a"
};
var endings = ["invalid_refresh_token"];

// src/answer.ts
var eventStream = "text/event-stream";
function mediaType(response) {
  return (response.headers.get("Content-Type") ?? "").split(/[;,]/, 1)[0].trim().toLowerCase();
}
function retryAfter(response, now) {
  const value = response?.headers.get("Retry-After") ?? "";
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - (Date.parse(response?.headers.get("Date") ?? "") || now)) / 1e3;
  return Math.max(0, seconds) || 0;
}
function versionTag(tag) {
  const version = /^\s*(?:W\/)?"(\d+)(?:[-;]\w+)?"\s*$/i.exec(tag);
  return version ? `"${version[1]}"` : void 0;
}
function locationPath(location, path) {
  const root = path.split("/", 3).join("/");
  try {
    const { pathname } = new URL(location, `http://localhost${path}`);
    const at2 = pathname.lastIndexOf(`${root}/`);
    return at2 < 0 ? void 0 : pathname.slice(at2);
  } catch {
    return void 0;
  }
}
async function read(answers, response, bytes) {
  const type = mediaType(response);
  const documented = answers.split("|").map((answer) => answer.split("=")).find(([status]) => Number(status) === response.status);
  const bodies = documented?.[1]?.split(",") ?? [];
  if (bytes && bodies.includes(type) && response.body) return [response.body];
  const text = await response.text();
  if (documented && bodies.length === 0) return text === "" ? [void 0] : text;
  if (type === "application/json") {
    const data = parse(text);
    return !bytes && bodies.some((name) => fits(name, data)) ? [data] : text;
  }
  const problem = type === "application/problem+json" ? parse(text) : void 0;
  return !response.ok && fits("Problem", problem) && problem["status"] === response.status ? problem : text;
}
function fits(name, value) {
  if (typeof value !== "object" || value === null) return false;
  return (shapes[name]?.split(",") ?? [""]).every((member) => {
    const [key = "", letter] = member.split(":");
    const found = value[key];
    return letter === void 0 ? key in value : (Array.isArray(found) ? "a" : found === null ? "" : (typeof found)[0]) === letter;
  });
}
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return void 0;
  }
}

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
  unsendable: "The input cannot be written as a request.",
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

// src/request.ts
var Unsendable = class extends Error {
  pointer;
  constructor(pointer, cause) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.pointer = pointer;
  }
};
function at(pointer, act) {
  try {
    return act();
  } catch (cause) {
    throw cause instanceof Unsendable ? cause : new Unsendable(pointer, cause);
  }
}
function addressOf(op, input) {
  const path = op.path.replace(/\{(\w+)\}/g, (_, name) => at(`#/path/${name}`, () => {
    const value = String(input.path?.[name] ?? "");
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} is not a segment of a path`);
    return encodeURIComponent(value);
  }));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== void 0) at(`#/query/${name}`, () => query.set(name, String(value)));
  }
  return op.base + path + (query.size > 0 ? `?${query}` : "");
}
function headersOf(op, input, seen) {
  const headers = new Headers({ Accept: "application/json, application/problem+json" });
  const set = (name, value) => at(`#/header/${name}`, () => headers.set(name, value));
  for (const [name, value] of Object.entries(input.stream ?? {})) set(name, value);
  if (input.body !== void 0) set("Content-Type", "application/json");
  if (input.idempotencyKey !== void 0) set("Idempotency-Key", input.idempotencyKey);
  const { ifMatch } = input;
  const version = typeof ifMatch === "string" ? versionTag(ifMatch) ?? ifMatch : ifMatch === void 0 ? seen : `"${ifMatch}"`;
  if (op.marks.includes("m") && version !== void 0) set("If-Match", version);
  return headers;
}
function bodyOf(input) {
  const places = /* @__PURE__ */ new Map();
  let place = "#";
  try {
    return JSON.stringify(input.body, function(key, value) {
      const above = places.get(this);
      place = above === void 0 ? "#" : `${above}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      if (typeof value === "object" && value !== null && !places.has(value)) places.set(value, place);
      return value;
    });
  } catch (cause) {
    throw new Unsendable(place, cause);
  }
}

// src/waiting.ts
var longest = 2 ** 31 - 1;
function sleep(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, longest));
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
  }, Math.min(ms, longest));
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
  const keyed = op.marks.includes("k") ? { idempotencyKey: input.idempotencyKey ?? newKey() } : {};
  const end = c.now() + timeOf(c, input);
  let written;
  let bound;
  try {
    const url = addressOf(op, input);
    written = { url, headers: headersOf(op, { ...input, ...keyed }, c.versions.of(resourceOf(op, url))), body: bodyOf(input) };
    bound = at("#/signal", () => deadline(input.signal, timeOf(c, input)));
  } catch (cause) {
    return { ...fail(lost(c, op, void 0, cause)), ...keyed };
  }
  const answer = await persist(c, op, written, { ...input, ...keyed }, bound, end);
  if (answer.ok && answer.data instanceof ReadableStream) bound.stop();
  else bound.release();
  return { ...answer, ...keyed };
}
function unsent(c, name, pointer) {
  return fail({ ...clientProblem("unsendable", "", c.now()), errors: [{ pointer, keyword: "enum", detail: `There is no operation ${name}.` }] });
}
function timeOf(c, { timeout }) {
  return typeof timeout === "number" && !Number.isNaN(timeout) ? timeout : c.timeout;
}
async function wait(c, op, input, answer) {
  let bound;
  try {
    bound = at("#/signal", () => deadline(input.signal, timeOf(c, input)));
    return await until(answer, bound.signal);
  } catch (cause) {
    return fail(lost(c, op, bound, cause));
  } finally {
    bound?.release();
  }
}
async function persist(c, op, written, input, bound, end) {
  let refused;
  for (let tries = 1; ; tries++) {
    const access = op.marks.includes("p") ? void 0 : await accessToken(c, op, bound);
    if (typeof access === "object") return access;
    if (refused && access === void 0) return refused;
    const answer = await send(c, op, written, input, access, bound);
    if (answer.ok) return answer;
    if (access !== void 0 && !refused && answer.problem.code === "unauthenticated") {
      refused = answer;
      c.session.refuse(access);
      tries--;
      continue;
    }
    const pause = retryAfter(answer.response, c.now()) * 1e3 + backoff(tries);
    if (tries >= c.attempts || !mayRepeat(op, input, answer) || c.now() + pause >= end) return answer;
    await sleep(pause, bound.signal);
  }
}
async function accessToken(c, op, bound) {
  try {
    const access = await until(c.session.access(), bound.signal);
    if (typeof access !== "object") return access;
    const known = access.status === 0 && access.code !== "unreadable";
    return fail(known ? access : clientProblem("refresh_failed", op.path, c.now(), access));
  } catch (cause) {
    return fail(lost(c, op, bound, cause));
  }
}
async function send(c, op, written, input, access, bound) {
  const { url, body } = written;
  let response;
  try {
    const headers = new Headers(written.headers);
    if (access !== void 0) at("#/header/Authorization", () => headers.set("Authorization", `Bearer ${access}`));
    const init = { method: op.method, headers, signal: bound.signal, credentials: op.marks.includes("c") ? "include" : "omit" };
    if (body !== void 0) init.body = body;
    if (op.method === "GET" && op.marks.includes("p") && c.session.state !== "signed_out") init.cache = "no-cache";
    response = await c.fetch(url, init);
    const said = await read(op.answers, response, op.marks.includes("b") || input.stream !== void 0);
    if (typeof said === "string") return fail(clientProblem("unreadable", op.path, c.now(), said), response);
    if (!Array.isArray(said)) return fail(said, response);
    remember(c, op, url, response);
    return { ok: true, status: response.status, data: said[0], response };
  } catch (cause) {
    return fail(lost(c, op, bound, cause), response);
  }
}
function lost(c, op, bound, cause) {
  if (cause instanceof Unsendable) {
    return { ...clientProblem("unsendable", op.path, c.now(), cause.cause), errors: [{ pointer: cause.pointer, keyword: "format", detail: cause.message }] };
  }
  return clientProblem(bound?.late ? "timed_out" : bound?.signal.aborted ? "aborted" : "unreachable", op.path, c.now(), cause);
}
function fail(problem, response) {
  return { ok: false, status: response?.status ?? 0, problem, response };
}
function resourceOf(op, url) {
  const above = Number(/\d/.exec(op.marks));
  return url.split("?", 1)[0].split("/").slice(0, -above || void 0).join("/");
}
function remember(c, op, url, response) {
  const tag = versionTag(response.headers.get("ETag") ?? "");
  const location = response.headers.get("Location");
  const made = location === null ? void 0 : locationPath(location, url.slice(op.base.length));
  if (tag !== void 0 && (location === null || made !== void 0)) c.versions.remember(made === void 0 ? resourceOf(op, url) : op.base + made, tag);
}
function mayRepeat(op, input, answer) {
  const { code } = answer.problem;
  if (code === "rate_limited" || code === "overloaded") return true;
  if (op.method !== "GET" && input.idempotencyKey === void 0 && !input.repeatable) return false;
  return code === "unreachable" || code === "idempotency_key_in_use" || [408, 429, 502, 503, 504].includes(answer.status);
}
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// src/logouts.ts
var firstPause = 1e3;
var longestPause = 6e4;
var Logouts = class {
  #name;
  #storage;
  #send;
  #alone;
  #memory = null;
  #turn = Promise.resolve();
  #pause = firstPause;
  #timer;
  #closed = false;
  #again = () => void this.settle();
  constructor(o) {
    this.#name = o.name;
    this.#storage = o.storage;
    this.#send = o.send;
    this.#alone = o.alone;
    globalThis.addEventListener?.("online", this.#again);
  }
  /** Tells whether a logout is owed of the session with this refresh token, or without one of the cookie's. */
  has = (refresh) => this.#owed.some((tokens) => tokens.refresh === refresh);
  /** Owes the logout of a session. */
  add(tokens) {
    this.drop(tokens.refresh);
    this.#owed = [tokens, ...this.#owed];
  }
  /** Owes it no longer. */
  drop(refresh) {
    this.#owed = this.#owed.filter((tokens) => tokens.refresh !== refresh);
  }
  /** Sends what is owed, and gives the answer to what was added last; nothing when nothing is owed. */
  async settle(timeout) {
    return this.#owed.length > 0 ? this.#inTurn(() => this.#settle(timeout)) : void 0;
  }
  /** Signs in, after what is owed of the cookie's session was sent once more: it cannot be sent when the cookie is another one. */
  async before(timeout, signIn) {
    if (!this.has(void 0)) return signIn();
    return this.#inTurn(async () => {
      await this.#settle(timeout);
      return signIn();
    });
  }
  /** Ends the tries of this page; what is owed stays so. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.("online", this.#again);
  }
  #inTurn(act) {
    const turn = this.#turn.then(() => this.#alone(act));
    this.#turn = turn.catch(() => {
    });
    return turn;
  }
  async #settle(timeout) {
    clearTimeout(this.#timer);
    let first;
    for (const tokens of this.#owed) {
      const { answer, left } = await this.#send(tokens, timeout);
      first ??= answer;
      this.#owed = this.#owed.flatMap((owed) => owed.refresh === tokens.refresh ? left ?? [] : owed);
    }
    if (this.#owed.length === 0) {
      this.#pause = firstPause;
    } else if (!this.#closed) {
      this.#timer = setTimeout(this.#again, this.#pause);
      this.#timer.unref?.();
      this.#pause = Math.min(2 * this.#pause, longestPause);
    }
    return first;
  }
  get #owed() {
    try {
      const kept = JSON.parse((this.#storage ? this.#storage.getItem(this.#name) : this.#memory) ?? "[]");
      return Array.isArray(kept) ? kept.filter((tokens) => typeof tokens?.access === "string") : [];
    } catch {
      return [];
    }
  }
  set #owed(owed) {
    this.#memory = owed.length > 0 ? JSON.stringify(owed) : null;
    try {
      if (this.#memory === null) this.#storage?.removeItem(this.#name);
      else this.#storage?.setItem(this.#name, this.#memory);
    } catch {
      this.#storage = void 0;
    }
  }
};

// src/session.ts
var leeway = 5e3;
var KeptSession = class {
  #exchange;
  #now;
  #cookie;
  #tabs;
  #ended;
  #owed;
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
    this.#owed = o.owed;
    this.#tokens = o.cookie && !o.owed(void 0) ? void 0 : null;
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
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  restore = (tokens) => {
    if (this.#owed(tokens.refresh)) return;
    this.#set(tokens);
    this.#tabs?.tell(tokens);
  };
  resume = async () => {
    await this.access();
    return this.state === "signed_in";
  };
  forget = () => {
    this.#set(null);
    this.#tabs?.tell(null);
  };
  /** Gives what a logout is sent with, if there may be a session to end. */
  leaving() {
    return this.#tokens === void 0 ? { access: "", expires: 0 } : this.tokens;
  }
  /** Does something while no other tab renews the session, signs in or signs out. */
  alone(act) {
    return this.#tabs ? this.#tabs.alone(act) : act();
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
      if (refresh === void 0 && (!this.#cookie || this.#owed(void 0))) return this.#end(void 0);
      const changes = this.#changes;
      const result = await this.#exchange(refresh);
      if (this.#changes !== changes) return this.#tokens?.access;
      if (result.ok) {
        this.take(result.data);
        return result.data.access_token;
      }
      if (!endings.includes(result.problem.code)) return result.problem;
      if (this.#tokens) this.#tabs?.tell(null);
      return this.#end(result.problem);
    };
    return this.alone(renew);
  }
  /** Takes what another tab tells, unless it is no news: an access token that was refused here is not good because others hold it still. */
  #hear(tokens) {
    if (!tokens) this.#end(void 0);
    else if (!this.#tokens || tokens.expires > this.#tokens.expires && tokens.access !== this.#tokens.access) this.#set(tokens);
  }
  #end(problem) {
    const before = this.state;
    this.#set(null);
    if (before === "signed_in") inform(() => this.#ended(problem));
  }
  #set(tokens) {
    const before = this.state;
    this.#tokens = tokens;
    this.#changes++;
    if (this.state !== before) for (const listener of this.#listeners) inform(listener);
  }
  #fresh() {
    return this.#tokens && this.#tokens.expires - this.#now() > leeway ? this.#tokens : void 0;
  }
};
function inform(listener) {
  try {
    listener();
  } catch (failure) {
    queueMicrotask(() => {
      throw failure;
    });
  }
}

// src/stream.ts
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
    const failed = (code, cause) => ({ ok: false, status: 0, problem: clientProblem(code, op.path, c.now(), cause), response: void 0 });
    let lost2 = failed("unreachable");
    try {
      const stream = { Accept: eventStream, ...lastEventId === void 0 ? {} : { "Last-Event-ID": lastEventId } };
      const answer = await call(c, op, { ...input, stream, signal: connection.signal });
      if (signal?.aborted) return;
      if (!answer.ok) {
        lost2 = answer;
      } else {
        for await (const event of events(answer.data, silence, leave)) {
          let data;
          try {
            if (event.data !== "") data = JSON.parse(event.data);
          } catch (cause) {
            lost2 = failed("unreadable", cause);
            break;
          }
          failures = 0;
          lastEventId = event.id ?? lastEventId;
          pause = event.retry ?? pause;
          if (data !== void 0) yield data;
          alive = c.now();
        }
      }
    } finally {
      leave();
      signal?.removeEventListener("abort", leave);
    }
    if (signal?.aborted) return;
    const { problem } = lost2;
    const passes = problem.status === 0 ? problem.code !== "unsendable" : problem.status === 429 || problem.status >= 500;
    if (!passes || c.now() - alive > patience) throw new ProblemError(lost2);
    await sleep(pause / 2 + Math.random() * pause + backoff(failures++), signal);
  }
}
async function* events(body, silence, leave) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let event = { id: void 0, data: "", retry: void 0 };
  for (; ; ) {
    const timer = setTimeout(leave, Math.min(silence, longest));
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
    const wait2 = new AbortController();
    this.#heard = () => enough() && wait2.abort();
    this.#channel.postMessage("ask");
    await sleep(answerWithin, wait2.signal);
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
var owedTime = 3e3;
function createClient(options = {}) {
  const browser = typeof document !== "undefined" && typeof BroadcastChannel !== "undefined";
  const { baseUrl = "", cookie = browser, tabs = browser } = options;
  const operations = /* @__PURE__ */ new Map();
  const byPath = /* @__PURE__ */ new Map();
  for (const service of Object.keys(table)) {
    const base = String(typeof baseUrl === "string" ? baseUrl : baseUrl[service]).replace(/\/+$/, "");
    if (!options.fetch) checkBase(base);
    for (const [id, text] of Object.entries(table[service])) {
      const [method = "", path = "", answers = "", marks = ""] = text.split(" ");
      operations.set(id, { base, method, path, answers, marks });
      byPath.set(`${method} ${path}`, id);
    }
  }
  const name = `plumbline ${operations.get("refreshSession").base}`;
  const { now = () => Date.now(), fetch: send2 = (url, init) => fetch(url, init) } = options;
  const exchange = (refresh) => call(circumstances, operations.get("refreshSession"), {
    body: refresh === void 0 ? {} : { refresh_token: refresh },
    timeout: renewalTime,
    repeatable: true
  });
  const logouts = new Logouts({
    name: `${name} logout`,
    storage: options.storage ?? (browser ? pageStorage() : void 0),
    // A session that is being left is carried on for as long as its logout takes, which needs an access token, and by nothing else.
    send: async (tokens, timeout) => {
      const left = new KeptSession({ exchange, now, cookie: cookie && tokens.refresh === void 0, tabs: void 0, ended: () => {
      }, owed: () => false });
      left.restore(tokens);
      const answer = await call({ ...circumstances, session: left }, operations.get("endSession"), { timeout });
      return { answer, left: answer.ok ? void 0 : left.tokens };
    },
    alone: (act) => session.alone(act)
  });
  const session = new KeptSession({
    exchange,
    now,
    cookie,
    tabs: tabs ? (hear, fresh) => new Tabs(name, hear, fresh) : void 0,
    ended: (problem) => options.onSessionEnd?.(problem),
    owed: logouts.has
  });
  const circumstances = {
    fetch: (url, init) => send2(url, init),
    session,
    versions: new Versions(),
    now: () => now(),
    timeout: options.timeout ?? 1e4,
    attempts: options.attempts ?? 3
  };
  session.subscribe(() => session.state === "signed_out" && circumstances.versions.forget());
  void logouts.settle();
  const run = async (id, sending) => {
    const op = operations.get(id);
    const input = sending ?? {};
    if (!op) return unsent(circumstances, id, "#/path");
    if (id === "endSession") return leave(op, input);
    if (id === "startSession" || id === "answerChallenge") {
      const body = id === "startSession" ? { cookie, ...input.body } : input.body;
      return logouts.before(owedTime, () => enter(op, { ...input, body }));
    }
    return id === "refreshSession" ? enter(op, input) : call(circumstances, op, input);
  };
  const enter = async (op, input) => {
    const answer = await call(circumstances, op, input);
    if (answer.ok && answer.status === 200) {
      const tokens = answer.data;
      if (op !== operations.get("refreshSession") && tokens.refresh_token === void 0) logouts.drop(void 0);
      session.take(tokens);
    }
    return answer;
  };
  const leave = (op, input) => {
    const tokens = session.leaving();
    if (tokens) logouts.add(tokens);
    session.forget();
    return wait(circumstances, op, input, logouts.settle(input.timeout).then((answer) => answer ?? call(circumstances, op, input)));
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
  const client = { call: run, pages, streams, session, close: () => {
    logouts.close();
    session.close();
  } };
  for (const [id, op] of operations) {
    client[id] = (input) => run(id, input);
    client[op.method] = (path, input) => run(byPath.get(`${op.method} ${path}`) ?? `${op.method} ${path}`, input);
    if (op.marks.includes("l")) {
      pages[id] = (input = {}) => ({
        pages: () => pagesOf(id, input),
        async *[Symbol.asyncIterator]() {
          for await (const page of pagesOf(id, input)) yield* page.items;
        }
      });
    }
    if (op.marks.includes("s")) streams[id] = (input = {}) => follow(circumstances, op, input);
  }
  return client;
}
function checkBase(base) {
  let url;
  try {
    url = new URL(base, globalThis.location?.href);
  } catch {
  }
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new TypeError(`createClient needs a baseUrl such as https://api.example.com: ${JSON.stringify(base)} names no place to send requests to`);
  }
}
function pageStorage() {
  try {
    return localStorage;
  } catch {
    return void 0;
  }
}
export {
  ProblemError,
  createClient,
  unwrap
};
