// Uploads by the tus protocol: they go on after a lost connection, a pause, or a reload.
//
// What is under way lives outside React, so that it continues while its page is not shown. The
// link between a file and its unfinished upload is kept in localStorage by tus-js-client.

import { Button, Card, Flex, Progress, Text } from "@radix-ui/themes";
import { useEffect, useId, useState } from "react";
import * as tus from "tus-js-client";

const MIB = 1024 * 1024;
const AT_ONCE = 2;
const DONE_SHOWN = 4000; // then the page's list of files tells the rest

// Endless in practice: growing to a minute, for longer than the server keeps an upload.
const RETRY_DELAYS = Array.from({ length: 20000 }, (_, n) => Math.min(60000, 1000 * 2 ** n));

const SIGNED_OUT = 401;
const HELD_BY_ANOTHER = [409, 423];

let items = [];
const listeners = new Set();

function change(item, changes) {
  if (item) Object.assign(item, changes);
  items = [...items];
  listeners.forEach((listener) => listener(items));
}

function useItems(dataset) {
  const [shown, show] = useState(items);
  useEffect(() => {
    listeners.add(show);
    show(items);
    return () => listeners.delete(show);
  }, []);
  return shown.filter((item) => item.dataset === dataset);
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
    change(item, {
      rate: 0,
      note:
        statusOf(error) === SIGNED_OUT
          ? "Your session has ended. Sign in again in another tab; the upload then goes on."
          : "Connection lost. Trying again until it is back.",
    });
  }
  return again;
}

function enqueue(file, dataset, endpoint, onFinished) {
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

async function pause(item) {
  change(item, { state: "paused", note: "", rate: 0 });
  await item.upload.abort();
  startWaiting();
}

function resume(item) {
  change(item, { state: "waiting", note: "" });
  startWaiting();
}

async function cancel(item) {
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

function bytes(count) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit += 1;
  }
  return `${count.toFixed(unit ? 1 : 0)} ${units[unit]}`;
}

function duration(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

const WORDS = {
  waiting: "Waiting for its turn",
  sending: "Uploading",
  paused: "Paused",
  failed: "Not uploaded",
  done: "Uploaded",
};

function figures(item) {
  const parts = [`${bytes(item.sent)} of ${bytes(item.size)}`];
  if (item.state === "sending" && item.rate > 0) {
    parts.push(`${bytes(item.rate)}/s`, `${duration((item.size - item.sent) / item.rate)} left`);
  }
  return parts.join(" · ");
}

function Action({ item, onClick, children }) {
  return (
    <Button
      size="1"
      variant="surface"
      color="gray"
      highContrast
      onClick={onClick}
      aria-label={`${children} ${item.name}`}
    >
      {children}
    </Button>
  );
}

function Row({ item }) {
  const { state } = item;
  const percent = item.size ? Math.floor((100 * item.sent) / item.size) : 100;
  return (
    <li className="upload-row">
      <Flex justify="between" align="center" gap="3" wrap="wrap">
        <Text size="2" weight="medium" className="upload-name">
          {item.name}
        </Text>
        <Flex gap="2">
          {state === "sending" && <Action item={item} onClick={() => pause(item)}>Pause</Action>}
          {state === "paused" && <Action item={item} onClick={() => resume(item)}>Resume</Action>}
          {state === "failed" && <Action item={item} onClick={() => resume(item)}>Try again</Action>}
          {state !== "done" && <Action item={item} onClick={() => cancel(item)}>Cancel</Action>}
        </Flex>
      </Flex>
      <Progress value={percent} size="1" aria-label={`Upload of ${item.name}`} />
      <Flex justify="between" gap="3" wrap="wrap">
        <Text size="1" className="muted">{WORDS[state]}</Text>
        <Text size="1" className="muted figures">{figures(item)}</Text>
      </Flex>
      {item.note && <Text size="1" className="field-problem">{item.note}</Text>}
    </li>
  );
}

/** What a screen reader is told: how each file is, not every byte. */
function spoken(own) {
  return own.map((item) => `${item.name}: ${item.note || WORDS[item.state]}.`).join(" ");
}

/** Uploads that the server waits for and that this tab does not send. */
function interrupted(unfinished, own) {
  const here = new Set(own.filter((item) => item.state !== "failed").map((item) => item.name));
  return (unfinished ?? []).filter(({ name }) => !here.has(name));
}

function Interrupted({ uploads, onGiveUp }) {
  return (
    <div className="upload-left">
      <Text as="p" size="2">
        Not finished. Choose the same file again in this browser, and its upload goes on where it
        stopped.
      </Text>
      <ul className="upload-list">
        {uploads.map((upload) => (
          <li key={upload.ref} className="row">
            <Text size="2" weight="medium" className="upload-name">{upload.name}</Text>
            <Text size="1" className="muted figures">{upload.size}</Text>
            <Action item={upload} onClick={() => onGiveUp(upload.ref)}>Give up</Action>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function GenotypeUpload(props) {
  const { dataset, endpoint, accept, hint, unfinished, onFinished, onGiveUp } = props;
  const own = useItems(dataset);
  const [over, setOver] = useState(false);
  const id = useId();
  const left = interrupted(unfinished, own);

  function take(files) {
    for (const file of files) {
      const running = own.find((item) => item.name === file.name && item.state !== "done");
      if (running?.state === "failed") dismiss(running);
      else if (running) continue;
      enqueue(file, dataset, endpoint, onFinished);
    }
    change(null);
    startWaiting();
  }

  function drop(event) {
    event.preventDefault();
    setOver(false);
    take([...event.dataTransfer.files]);
  }

  return (
    <Card className="upload" size="2">
      <div
        className={over ? "upload-drop upload-over" : "upload-drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <label htmlFor={id} className="field-label">Add files of genotypes</label>
        <input
          id={id}
          type="file"
          multiple
          accept={accept}
          aria-describedby={`${id}-hint`}
          onChange={(event) => {
            take([...event.target.files]);
            event.target.value = ""; // so that the same file can be chosen again
          }}
        />
        <span id={`${id}-hint`} className="field-hint">{hint}</span>
      </div>
      {left.length > 0 && <Interrupted uploads={left} onGiveUp={onGiveUp} />}
      {own.length > 0 && (
        <ul className="upload-list">
          {own.map((item) => (
            <Row key={item.key} item={item} />
          ))}
        </ul>
      )}
      <span role="status" aria-live="polite" className="visually-hidden">{spoken(own)}</span>
    </Card>
  );
}
