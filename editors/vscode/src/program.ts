// Where the program `archlang` is, and how it is started.

import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** The setting with `~` and `${workspaceFolder}` filled in; a relative path counts from the folder. */
export function expanded(setting: string, folder: string | undefined): string {
  let name = setting.trim() || "archlang";
  if (folder !== undefined) {
    name = name.split("${workspaceFolder}").join(folder);
  }
  if (/^~([/\\]|$)/.test(name)) {
    name = path.join(os.homedir(), name.slice(1));
  }
  return isPath(name) && folder !== undefined ? path.resolve(folder, name) : name;
}

/** The file that would be run; undefined if there is none. */
export function found(name: string): string | undefined {
  const windows = process.platform === "win32";
  const suffixes = windows ? ["", ...(process.env.PATHEXT ?? ".EXE").split(";")] : [""];
  const folders = isPath(name) ? [""] : (process.env.PATH ?? "").split(path.delimiter);
  const files = folders.flatMap((folder) => suffixes.map((end) => path.join(folder, name + end)));
  return files.find(isProgram);
}

function isPath(name: string): boolean {
  return /[/\\]/.test(name);
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The server as a process, with the end of what it complained of. */
export class Server {
  private said = "";

  private constructor(readonly child: ChildProcessWithoutNullStreams) {
    child.stderr.on("data", (data: Buffer) => {
      this.said = (this.said + data.toString()).slice(-4000);
    });
  }

  /** The last line of its complaints; empty if there were none. */
  get complaint(): string {
    return this.said.trim().split("\n").pop() ?? "";
  }

  static start(file: string, folder: string | undefined): Promise<Server> {
    const child = spawn(file, ["lsp"], { cwd: folder });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("spawn", () => resolve(new Server(child)));
    });
  }
}
