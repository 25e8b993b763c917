// The scopes of texts by the engine of VS Code: [[line, column, scope], …] for each, from 1.

const fs = require("fs");
const path = require("path");
const textmate = require("vscode-textmate");
const oniguruma = require("vscode-oniguruma");

const grammar = path.join(__dirname, "../syntaxes/arch.tmLanguage.json");
const wasm = require.resolve("vscode-oniguruma/release/onig.wasm");

async function main() {
  await oniguruma.loadWASM(fs.readFileSync(wasm));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(grammar, "utf8"), grammar),
  });
  const loaded = await registry.loadGrammar("source.arch");
  const texts = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
  process.stdout.write(JSON.stringify(texts.map((text) => scopes(loaded, text))));
}

function scopes(grammar, text) {
  const found = [];
  let stack = textmate.INITIAL;
  text.split("\n").forEach((line, number) => {
    const result = grammar.tokenizeLine(line, stack);
    for (const token of result.tokens) {
      // columns in characters, as the parser counts them
      const column = [...line.slice(0, token.startIndex)].length + 1;
      found.push([number + 1, column, token.scopes[1] ?? ""]);
    }
    stack = result.ruleStack;
  });
  return found;
}

main();
