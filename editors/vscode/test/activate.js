// Activates the bundled extension with a stand-in for `vscode`, and says what it did.

const Module = require("module");
const path = require("path");

const told = { commands: [], errors: [], selector: null };
const nothing = () => ({ dispose() {} });
// Whatever else vscode-languageclient takes from `vscode` is a class or a function of no effect.
const stub = (known) =>
  new Proxy(known, { get: (target, key) => (key in target ? target[key] : class {}) });
const emitter = () => nothing;
const vscode = stub({
  commands: stub({ registerCommand: (name) => (told.commands.push(name), nothing()) }),
  workspace: stub({
    workspaceFolders: [{ uri: { fsPath: "/work space" } }],
    getConfiguration: () => ({ get: () => process.argv[3] }),
    onDidChangeConfiguration: nothing,
    createFileSystemWatcher: () => ({ onDidCreate: nothing, onDidChange: nothing, onDidDelete: nothing, dispose() {} }),
    textDocuments: [],
    notebookDocuments: [],
  }),
  window: stub({
    showErrorMessage: async (text) => (told.errors.push(text), undefined),
    createOutputChannel: () => ({ append() {}, appendLine() {}, show() {}, dispose() {} }),
  }),
  env: stub({}),
  version: "1.82.0",
});

const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));

const extension = require(path.resolve(process.argv[2]));
extension
  .activate({ subscriptions: [] })
  .catch((error) => told.errors.push(`activate: ${error.stack}`))
  .then(() => {
    told.command = extension.command();
    process.stdout.write(JSON.stringify(told));
    process.exit(0);
  });
