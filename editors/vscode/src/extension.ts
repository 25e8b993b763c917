// Starts `archlang lsp` for .arch files, and shows the live page beside the text.

import * as vscode from "vscode";
import {
  CloseAction,
  CloseHandlerResult,
  ErrorAction,
  ErrorHandler,
  ErrorHandlerResult,
  LanguageClient,
  LanguageClientOptions,
} from "vscode-languageclient/node";
import { Previews } from "./preview";
import { expanded, found, Server } from "./program";

const INSTALL = "pip install 'archlang[lsp]'";
const SETTINGS = "Open Settings";
const OUTPUT = "Show Output";
const RESTARTS = 4;
const MINUTES = 3;

let output: vscode.OutputChannel;
let client: LanguageClient | undefined;
let work: Promise<void> = Promise.resolve();
const previews = new Previews();

export function activate(context: vscode.ExtensionContext): Promise<void> {
  output = vscode.window.createOutputChannel("Arch");
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("archlang.openPreview", openPreview),
    vscode.commands.registerCommand("archlang.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("archlang.path")) {
        void restart();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void restart()),
  );
  return restart();
}

export function deactivate(): Promise<void> {
  return inTurn(stop);
}

function restart(): Promise<void> {
  return inTurn(async () => {
    await stop();
    if (vscode.workspace.isTrusted) {
      await start();
    }
  });
}

/** Starts and stops follow one another, however fast they are asked for. */
function inTurn(next: () => Promise<void>): Promise<void> {
  work = work.then(next, next);
  return work;
}

async function start(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const setting = vscode.workspace.getConfiguration("archlang").get<string>("path") ?? "";
  const file = found(expanded(setting, folder));
  if (file === undefined) {
    report(`there is no program '${setting}'. Install it (${INSTALL}), or set archlang.path.`);
    return;
  }
  const endings = new Endings();
  const launch = async () => (endings.server = await Server.start(file, folder)).child;
  const made = new LanguageClient("archlang", "Arch", launch, options(endings));
  try {
    await made.start();
    client = made;
    endings.began = true;
  } catch (error) {
    report(`'${file} lsp' did not start: ${endings.server?.complaint || reason(error)}`);
  }
}

async function stop(): Promise<void> {
  previews.close();
  const old = client;
  client = undefined;
  try {
    await old?.stop();
  } catch (error) {
    output.appendLine(`The server did not end well: ${reason(error)}`);
  }
}

function options(errorHandler: ErrorHandler): LanguageClientOptions {
  return {
    documentSelector: [
      { scheme: "file", language: "arch" },
      { scheme: "untitled", language: "arch" },
    ],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.arch") },
    outputChannel: output,
    errorHandler,
    initializationFailedHandler: () => false,
  };
}

/** What is done when the server ends by itself: one that has worked is started again. */
class Endings implements ErrorHandler {
  server: Server | undefined;
  began = false;
  private times: number[] = [];

  error(): ErrorHandlerResult {
    return { action: ErrorAction.Continue };
  }

  closed(): CloseHandlerResult {
    const now = Date.now();
    this.times = [...this.times.filter((time) => now - time < MINUTES * 60_000), now];
    if (this.began && this.times.length <= RESTARTS) {
      previews.close();
      return { action: CloseAction.Restart, handled: true };
    }
    if (this.began) {
      report(`the server ended ${this.times.length} times in a row. ${this.server?.complaint}`);
    }
    return { action: CloseAction.DoNotRestart, handled: true };
  }
}

async function openPreview(given?: vscode.Uri): Promise<void> {
  const uri = given ?? vscode.window.activeTextEditor?.document.uri;
  if (uri === undefined) {
    report("open an .arch file first; its page is shown beside it.");
    return;
  }
  await work;
  const server = client;
  if (server === undefined) {
    report("the page comes from the language server, and that does not run.");
    return;
  }
  try {
    await previews.open(uri, (text) => {
      const asked = { command: "archlang.preview", arguments: [text] };
      return server.sendRequest("workspace/executeCommand", asked);
    });
  } catch (error) {
    report(reason(error));
  }
}

/** Say what went wrong where it is seen, with ways out; nothing waits for the answer. */
function report(message: string): void {
  output.appendLine(message);
  const shown = vscode.window.showErrorMessage(`Arch: ${message}`, SETTINGS, OUTPUT);
  void shown.then((chosen) => {
    if (chosen === OUTPUT) {
      output.show();
    } else if (chosen === SETTINGS) {
      void vscode.commands.executeCommand("workbench.action.openSettings", "archlang.path");
    }
  });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
