// What the extension needs of VS Code, so far that it runs in plain Node: a record of what it did.
"use strict";

const { EventEmitter: Emitter } = require("node:events");
const Module = require("node:module");
const { pathToFileURL, fileURLToPath } = require("node:url");

class Uri {
  constructor(text) {
    this.text = text;
    const url = new URL(text);
    this.scheme = url.protocol.slice(0, -1);
    this.path = decodeURIComponent(url.pathname);
    this.fsPath = this.scheme === "file" ? fileURLToPath(url) : this.path;
  }
  static parse(text) {
    return new Uri(text);
  }
  static file(path) {
    return new Uri(pathToFileURL(path).href);
  }
  toString() {
    return this.text;
  }
}

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Range {
  constructor(line, character, endLine, endCharacter) {
    this.start = new Position(line, character);
    this.end = new Position(endLine, endCharacter);
  }
}

class Diagnostic {
  constructor(range, message, severity) {
    Object.assign(this, { range, message, severity });
  }
}

class EventEmitter {
  constructor() {
    this.emitter = new Emitter();
    this.event = (listener, self) => {
      this.emitter.on("fire", self ? listener.bind(self) : listener);
      return { dispose() {} };
    };
  }
  fire(value) {
    this.emitter.emit("fire", value);
  }
  dispose() {}
}

class CancellationTokenSource {
  constructor() {
    this.token = { isCancellationRequested: false, onCancellationRequested: event };
  }
  cancel() {}
  dispose() {}
}

const nothing = { dispose() {} };
const event = () => nothing;

/** Whatever is asked of it is there, and does nothing. */
function anything(known = {}, other = () => nothing) {
  return new Proxy(known, {
    get: (object, name) => (name in object || typeof name === "symbol" ? object[name] : other(name)),
  });
}

const quiet = (name) => (/^on(Did|Will)/.test(name) ? event : () => nothing);

/** A stand-in for the module `vscode`, and the record. */
function standIn({ text, file, setting, trusted = true, external = (uri) => uri }) {
  const record = { commands: {}, diagnostics: {}, errors: [], output: [], panels: [] };
  const uri = Uri.file(file);
  const document = {
    uri, languageId: "arch", version: 1, isClosed: false, fileName: file, getText: () => text,
  };
  const folder = { uri: Uri.file(require("node:path").dirname(file)), name: "folder", index: 0 };
  const trust = new EventEmitter();
  record.trust = () => {
    parts.workspace.isTrusted = true;
    trust.fire();
  };
  const parts = {
    Uri, Position, Range, Diagnostic, EventEmitter, CancellationTokenSource, version: "1.90.0",
    workspace: anything({
      isTrusted: trusted,
      onDidGrantWorkspaceTrust: trust.event,
      textDocuments: [document],
      notebookDocuments: [],
      workspaceFolders: [folder],
      getWorkspaceFolder: () => folder,
      getConfiguration: () => ({ get: (name, other) => (name === "path" ? setting : other) }),
      createFileSystemWatcher: () => anything({}, quiet),
    }, quiet),
    window: anything({
      activeTextEditor: { document },
      visibleTextEditors: [],
      tabGroups: anything({ all: [] }, quiet),
      createOutputChannel: () => anything({
        name: "Arch", append: (said) => record.output.push(said),
        appendLine: (said) => record.output.push(`${said}\n`),
      }, quiet),
      showErrorMessage: async (message) => void record.errors.push(message),
      createWebviewPanel: (...given) => panel(record, given),
    }, quiet),
    commands: anything({
      registerCommand: (name, work) => {
        if (record.commands[name]) throw new Error(`${name} is there twice`);
        record.commands[name] = work;
        return { dispose: () => delete record.commands[name] };
      },
    }, quiet),
    languages: anything({
      match: (selector, { languageId }) =>
        [selector].flat().some(({ language }) => language === languageId) ? 10 : 0,
      createDiagnosticCollection: () => anything({
        set: (at, list) => (record.diagnostics[at.toString()] = list),
      }, quiet),
    }, quiet),
    env: anything({ asExternalUri: async (at) => external(at), language: "en", appName: "test" }, quiet),
    ViewColumn: { Beside: -2 },
  };
  const classes = new Map();
  const made = (name) => classes.get(name) || classes.set(name, member(name)).get(name);
  const vscode = anything(parts, made);
  const load = Module._load;
  Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));
  return record;
}

/** A class that can be extended, or an enumeration: its members are values that take `append`. */
function member(name) {
  const empty = { value: name, append: () => empty };
  return new Proxy(class {}, {
    get: (object, key) => (key in object || typeof key === "symbol" ? object[key] : empty),
  });
}

function panel(record, [kind, title, column, options]) {
  const gone = new EventEmitter();
  const made = {
    kind, title, column, options, reveals: 0,
    webview: { html: "" },
    onDidDispose: gone.event,
    reveal: () => (made.reveals += 1),
    dispose: () => gone.fire(),
  };
  record.panels.push(made);
  return made;
}

module.exports = { standIn };
