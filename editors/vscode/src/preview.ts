// The page of `archlang watch`, shown beside the text: one panel for each file.

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

export class Previews {
  private readonly panels = new Map<string, vscode.WebviewPanel>();

  /** Show the page of a file; `ask` gives its address. */
  async open(uri: vscode.Uri, ask: (uri: string) => Promise<string>): Promise<void> {
    const key = uri.toString();
    const known = this.panels.get(key);
    if (known !== undefined) {
      known.reveal(undefined, true);
      return;
    }
    const local = vscode.Uri.parse(await ask(key), true);
    // Over SSH or in a container the page has another address on this side.
    const address = (await vscode.env.asExternalUri(local)).toString(true);
    const panel = vscode.window.createWebviewPanel(
      "archlang.preview",
      `Preview ${uri.path.split("/").pop()}`,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, retainContextWhenHidden: true, localResourceRoots: [] },
    );
    this.panels.set(key, panel);
    panel.onDidDispose(() => this.panels.delete(key));
    panel.webview.html = framed(address);
  }

  /** Close all: their addresses end with the server. */
  close(): void {
    for (const panel of [...this.panels.values()]) {
      panel.dispose();
    }
    this.panels.clear();
  }
}

/** A document with one frame; it has no scripts, and the frame leads nowhere else. */
function framed(address: string): string {
  const nonce = randomBytes(16).toString("base64");
  const origin = new URL(address).origin;
  const policy = `default-src 'none'; frame-src ${origin}; style-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<style nonce="${nonce}">
html, body, iframe { margin: 0; padding: 0; border: 0; width: 100%; height: 100%; overflow: hidden }
iframe { display: block }
</style>
</head>
<body><iframe src="${escaped(address)}" title="The network, live"></iframe></body>
</html>
`;
}

function escaped(text: string): string {
  const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (sign) => named[sign]);
}
