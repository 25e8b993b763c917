// Loads a bundle, activates it for a file, and prints what came of it.
// node activation.js BUNDLE FILE PROGRAM [untrusted]
"use strict";

const fs = require("node:fs");
const { pathToFileURL } = require("node:url");
const { standIn } = require("./vscode");

const [bundle, file, setting, trust] = process.argv.slice(2);
const text = fs.readFileSync(file, "utf8");
const record = standIn({ text, file, setting, trusted: trust !== "untrusted" });

async function until(done, seconds) {
  const end = Date.now() + seconds * 1000;
  while (!done() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function main() {
  const extension = require(bundle);
  await extension.activate({ subscriptions: [] });
  const before = { ...record.diagnostics };
  if (trust === "untrusted") record.trust();
  await until(() => pathToFileURL(file).href in record.diagnostics || record.errors.length, 30);
  const open = record.commands["archlang.openPreview"];
  await open();
  await open();
  const page = record.panels[0]?.webview.html || "";
  const address = (page.match(/<iframe src="([^"]+)"/) || [])[1];
  const answer = address && (await fetch(address.replaceAll("&amp;", "&")));
  const status = answer ? answer.status : null;
  const framed = answer ? answer.headers.get("content-security-policy") : null;
  const commands = Object.keys(record.commands).sort();
  await extension.deactivate();
  const { diagnostics, errors, output, panels } = record;
  const ends = { commands, diagnostics, errors, output, panels, status, framed, before };
  process.stdout.write(JSON.stringify(ends));
}

main().then(() => process.exit(0), (error) => {
  process.stderr.write(`${error.stack}\n${record.output.join("")}`);
  process.exit(1);
});
