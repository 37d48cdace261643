// The uploads of this tab by the tus protocol: they go on after a lost connection, a pause, or a
// reload.
//
// They live outside React, so that they continue while their page is not shown. The link between a
// file and its unfinished upload is kept in localStorage by tus-js-client.

import * as tus from "tus-js-client";

const MIB = 1024 * 1024;
const AT_ONCE = 2;
const DONE_SHOWN = 4000; // then the page's list of files tells the rest

// Endless in practice: growing to a minute, for longer than the server keeps an upload.
const RETRY_DELAYS = Array.from({ length: 20000 }, (_, n) => Math.min(60000, 1000 * 2 ** n));

const SIGNED_OUT = 401;
const NOT_NOW = 503;
const NOTES = {
  0: "Connection lost. Trying again until it is back.",
  [SIGNED_OUT]: "Your session has ended. Sign in again in another tab; the upload then goes on.",
  [NOT_NOW]: "The platform cannot take files at the moment. Trying again until it can.",
};
const HELD_BY_ANOTHER = [409, 423];

let items = [];
const listeners = new Set();

function change(item, changes) {
  if (item) Object.assign(item, changes);
  items = [...items];
  listeners.forEach((listener) => listener(items));
}

/** Call `listener` with the uploads whenever one changes, and at once; returns how to stop. */
export function watch(listener) {
  listeners.add(listener);
  listener(items);
  return () => listeners.delete(listener);
}

/** What the server said, in its words; it writes for people. */
function reasonOf(error) {
  const response = error.originalResponse;
  if (!response) return "The server could not be reached.";
  try {
    const { detail } = JSON.parse(response.getBody());
    if (typeof detail === "string") return detail;
  } catch {
    // not an answer of ours
  }
  return `The server refused the file (HTTP status ${response.getStatus()}).`;
}

function statusOf(error) {
  return error.originalResponse?.getStatus() ?? error.causingError?.status ?? 0;
}

function shouldRetry(error) {
  const status = statusOf(error);
  const created = error.originalRequest?.getMethod() !== "POST";
  if (status === SIGNED_OUT || HELD_BY_ANOTHER.includes(status)) return created;
  return status === 0 || status === 429 || (status >= 500 && status !== 507);
}

/**
 * Stop tus-js-client from starting over where it should try again: it takes every unsuccessful
 * HEAD, even "sign in again" or "bad gateway", for an upload that is gone.
 */
function keepUnlessGone(request, response) {
  const status = response.getStatus();
  const gone = status === 404 || status === 410;
  if (request.getMethod() === "HEAD" && status >= 300 && !gone) {
    throw Object.assign(new Error(`HTTP status ${status}`), { status });
  }
}

/** Let a piece take a second or so: a slow line shows progress, a fast one wastes no requests. */
function fitPieces(item) {
  const took = Date.now() - item.pieceBegan;
  const size = item.upload.options.chunkSize;
  if (took < 800) item.upload.options.chunkSize = Math.min(size * 2, 32 * MIB);
  if (took > 4000) item.upload.options.chunkSize = Math.max(size / 2, MIB / 4);
}

function confirmed(item, sent) {
  const now = Date.now();
  const seconds = Math.max(0.001, (now - item.pieceBegan) / 1000);
  const rate = Math.max(0, sent - item.sent) / seconds;
  fitPieces(item);
  change(item, {
    sent,
    rate: item.rate ? 0.7 * item.rate + 0.3 * rate : rate,
    pieceBegan: now,
    note: "",
  });
}

function trouble(item, error) {
  const again = shouldRetry(error);
  if (again) {
    change(item, { rate: 0, note: NOTES[statusOf(error)] ?? NOTES[0] });
  }
  return again;
}

function enqueue(file, { dataset, endpoint, onFinished }) {
  const item = { key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
  Object.assign(item, {
    dataset,
    name: file.name,
    size: file.size,
    state: "waiting",
    sent: 0,
    rate: 0,
    note: "",
    pieceBegan: 0,
    finished: onFinished,
  });
  item.upload = new tus.Upload(file, {
    endpoint,
    chunkSize: MIB,
    retryDelays: RETRY_DELAYS,
    removeFingerprintOnSuccess: true,
    // The server answers a resuming HEAD only for uploads with both names and a type.
    metadata: { filename: file.name, filetype: file.type || "application/octet-stream", dataset },
    fingerprint: async () =>
      ["genotypes", dataset, file.name, file.size, file.lastModified].join(":"),
    onAfterResponse: keepUnlessGone,
    onShouldRetry: (error) => trouble(item, error),
    onChunkComplete: (_, sent) => confirmed(item, sent),
    onError: (error) => {
      change(item, { state: "failed", note: reasonOf(error), rate: 0 });
      startWaiting();
    },
    onSuccess: () => {
      change(item, { state: "done", sent: item.size, note: "", rate: 0 });
      startWaiting();
      item.finished?.();
      setTimeout(() => dismiss(item), DONE_SHOWN);
    },
  });
  items.push(item);
}

/** Upload files into a dataset; one that is under way already stays as it is. */
export function add(files, target) {
  for (const file of files) {
    const known = items.find(
      ({ dataset, name, state }) =>
        dataset === target.dataset && name === file.name && state !== "done",
    );
    if (known && known.state !== "failed") continue;
    items = items.filter((item) => item !== known);
    enqueue(file, target);
  }
  change(null);
  startWaiting();
}

async function start(item) {
  change(item, { state: "sending", note: "" });
  if (!item.upload.url) {
    const [earlier] = await item.upload.findPreviousUploads();
    if (earlier) item.upload.resumeFromPreviousUpload(earlier);
  }
  if (item.state !== "sending") return; // paused or cancelled meanwhile
  item.pieceBegan = Date.now();
  item.upload.start();
}

function startWaiting() {
  const busy = items.filter((item) => item.state === "sending").length;
  items
    .filter((item) => item.state === "waiting")
    .slice(0, Math.max(0, AT_ONCE - busy))
    .forEach(start);
}

export async function pause(item) {
  change(item, { state: "paused", note: "", rate: 0 });
  await item.upload.abort();
  startWaiting();
}

export function resume(item) {
  change(item, { state: "waiting", note: "" });
  startWaiting();
}

export async function cancel(item) {
  items = items.filter((other) => other !== item);
  change(item, { state: "cancelled" });
  try {
    await item.upload.abort(true);
  } catch {
    // unreachable now: the server forgets it after some days
  }
  startWaiting();
}

function dismiss(item) {
  items = items.filter((other) => other !== item);
  change(null);
}

window.addEventListener("beforeunload", (event) => {
  if (items.some((item) => item.state === "sending")) event.preventDefault();
});
