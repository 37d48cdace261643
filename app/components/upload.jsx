// A place to choose or drop files of genotypes, and the progress of each.

import { Button, Card, Flex, Progress, Text } from "@radix-ui/themes";
import { useEffect, useId, useState } from "react";
import { add, cancel, pause, resume, watch } from "./upload_queue.js";

function useItems(dataset) {
  const [shown, show] = useState([]);
  useEffect(() => watch(show), []);
  return shown.filter((item) => item.dataset === dataset);
}

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

  const take = (files) => add([...files], { dataset, endpoint, onFinished });

  function drop(event) {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
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
            take(event.target.files);
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
