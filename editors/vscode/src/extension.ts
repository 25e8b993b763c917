// Starts `archlang lsp` for .arch files, and shows the live page beside the text.

import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";
import { page } from "./page";

const INSTALL = "https://github.com/archlang/archlang#try-it";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("archlang.openPreview", openPreview),
    vscode.commands.registerCommand("archlang.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("archlang.path")) {
        void restart();
      }
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
  client = undefined;
}

/** The command of the settings, with the folder of the workspace filled in. */
export function command(): string {
  const path = vscode.workspace.getConfiguration("archlang").get<string>("path") || "archlang";
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  return path.replace(/\$\{workspaceFolder\}/g, folder);
}

async function start(): Promise<void> {
  const path = command();
  const server: ServerOptions = { command: path, args: ["lsp"] };
  const options: LanguageClientOptions = {
    documentSelector: [{ language: "arch" }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.arch") },
  };
  client = new LanguageClient("archlang", "Arch", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    await complain(path, error);
  }
}

async function restart(): Promise<void> {
  await deactivate();
  await start();
}

async function complain(path: string, error: unknown): Promise<void> {
  const [settings, help] = ["Open Settings", "How to Install"];
  const reason = error instanceof Error ? error.message : String(error);
  const chosen = await vscode.window.showErrorMessage(
    `Arch: '${path} lsp' could not be started (${reason}). ` +
      "Run pip install 'archlang[lsp]', or set archlang.path to the command.",
    settings,
    help,
  );
  if (chosen === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "archlang.path");
  } else if (chosen === help) {
    await vscode.env.openExternal(vscode.Uri.parse(INSTALL));
  }
}

/** The page of `archlang watch`, for the file that is shown. */
async function openPreview(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== "arch") {
    await vscode.window.showInformationMessage("Arch: open an .arch file to preview it.");
    return;
  }
  if (document.isUntitled) {
    await vscode.window.showInformationMessage("Arch: save the file; its page follows each save.");
    return;
  }
  try {
    await show(document);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await vscode.window.showErrorMessage(`Arch: no preview: ${reason}`);
  }
}

async function show(document: vscode.TextDocument): Promise<void> {
  if (client === undefined) {
    throw new Error("the language server is not running");
  }
  const url: string = await client.sendRequest("workspace/executeCommand", {
    command: "archlang.preview",
    arguments: [client.code2ProtocolConverter.asUri(document.uri)],
  });
  const address = await vscode.env.asExternalUri(vscode.Uri.parse(url));
  const name = vscode.workspace.asRelativePath(document.uri);
  const panel = vscode.window.createWebviewPanel(
    "archlang.preview",
    `Preview ${name}`,
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    { enableScripts: true, retainContextWhenHidden: true },
  );
  panel.webview.html = page(address.toString(true));
}
