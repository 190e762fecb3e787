// solc as py-solc-x, forge, slither and halmos expect it, over the npm package "solc".
//
//   solc.mjs --version | --help
//   solc.mjs [options] --standard-json                 < input.json
//   solc.mjs [options] --combined-json abi,bin FILE... (or "-" for one source on standard input)
//
// The plain `solcjs` of that package has no --combined-json and refuses --allow-paths. `--version`
// is answered from a cache, because py-solc-x asks it before every call and loading costs a second.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const here = path.dirname(fileURLToPath(import.meta.url));
const COMBINED = [
  "abi", "ast", "bin", "bin-runtime", "devdoc", "hashes", "metadata", "srcmap", "srcmap-runtime",
  "storage-layout", "userdoc",
];
const WITH_VALUE = new Set([
  "--base-path", "--include-path", "--allow-paths", "--evm-version", "--optimize-runs",
  "--combined-json", "--metadata-hash",
]);
const FLAGS = new Set(["--optimize", "--via-ir", "--standard-json", "--version", "--help"]);

/** @returns {{values: Map<string, string[]>, flags: Set<string>, rest: string[]}} */
function parse(argv) {
  const values = new Map(), flags = new Set(), rest = [];
  for (let i = 0; i < argv.length; i++) {
    const [name, inline] = argv[i].startsWith("--") ? argv[i].split(/=(.*)/s) : [argv[i]];
    if (WITH_VALUE.has(name)) {
      const value = inline ?? argv[++i];
      if (value === undefined) throw new Error(`${name} needs a value`);
      values.set(name, [...(values.get(name) ?? []), value]);
    } else if (FLAGS.has(name)) flags.add(name);
    else if (name.startsWith("--")) throw new Error(`unknown option ${name}`);
    else rest.push(name);
  }
  return { values, flags, rest };
}

function longVersion() {
  const pinned = require("solc/package.json").version;
  const cache = path.join(here, "cache", `solc-version-${pinned}`);
  if (fs.existsSync(cache)) return fs.readFileSync(cache, "utf8");
  const version = require("solc").version();
  fs.mkdirSync(path.dirname(cache), { recursive: true });
  fs.writeFileSync(cache, version);
  return version;
}

function importCallback(values) {
  const roots = [...(values.get("--base-path") ?? ["."]), ...(values.get("--include-path") ?? [])];
  return (wanted) => {
    const name = wanted.replace(/^file:\/\//, "");
    for (const file of path.isAbsolute(name) ? [name] : roots.map((root) => path.join(root, name))) {
      if (fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
    }
    return { error: `${wanted} is in none of ${roots.join(", ")}` };
  };
}

function combined({ values, flags, rest }) {
  const selected = values.get("--combined-json")[0].split(",");
  for (const name of selected) {
    if (!COMBINED.includes(name)) throw new Error(`--combined-json does not know ${name}`);
  }
  const sources = {};
  for (const file of rest.filter((name) => !name.includes("="))) {
    sources[file === "-" ? "<stdin>" : file] = { content: fs.readFileSync(file === "-" ? 0 : file, "utf8") };
  }
  const outputs = ["abi", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers", "devdoc",
    "userdoc", "metadata", "storageLayout"];
  const settings = {
    remappings: rest.filter((name) => name.includes("=")),
    optimizer: { enabled: flags.has("--optimize"), runs: Number(values.get("--optimize-runs")?.[0] ?? 200) },
    outputSelection: { "*": { "*": outputs, "": ["ast"] } },
  };
  if (values.has("--evm-version")) settings.evmVersion = values.get("--evm-version")[0];
  if (flags.has("--via-ir")) settings.viaIR = true;
  const result = compile({ language: "Solidity", sources, settings }, values);
  let failed = false;
  for (const error of result.errors ?? []) {
    process.stderr.write(error.formattedMessage + "\n");
    failed ||= error.severity === "error";
  }
  if (failed) return 1;
  const contracts = {};
  for (const [file, units] of Object.entries(result.contracts ?? {})) {
    for (const [name, unit] of Object.entries(units)) {
      const all = {
        abi: unit.abi, bin: unit.evm.bytecode.object, "bin-runtime": unit.evm.deployedBytecode.object,
        devdoc: unit.devdoc, userdoc: unit.userdoc, metadata: unit.metadata,
        hashes: unit.evm.methodIdentifiers, "storage-layout": unit.storageLayout,
        srcmap: unit.evm.bytecode.sourceMap, "srcmap-runtime": unit.evm.deployedBytecode.sourceMap,
      };
      const chosen = selected.filter((key) => key !== "ast");
      contracts[`${file}:${name}`] = Object.fromEntries(chosen.map((key) => [key, all[key]]));
    }
  }
  const answer = { contracts, version: longVersion() };
  const files = Object.entries(result.sources ?? {}).sort(([, one], [, other]) => one.id - other.id);
  if (selected.some((key) => key.startsWith("srcmap") || key === "ast")) {
    answer.sourceList = files.map(([name]) => name);
  }
  if (selected.includes("ast")) {
    answer.sources = Object.fromEntries(files.map(([name, file]) => [name, { AST: file.ast, id: file.id }]));
  }
  process.stdout.write(JSON.stringify(answer));
  return 0;
}

function compile(input, values) {
  const solc = require("solc");
  return JSON.parse(solc.compile(JSON.stringify(input), { import: importCallback(values) }));
}

function main() {
  const asked = parse(process.argv.slice(2));
  if (asked.flags.has("--version")) {
    process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${longVersion()}\n`);
    return 0;
  }
  if (asked.flags.has("--standard-json")) {
    const input = JSON.parse(fs.readFileSync(0, "utf8"));
    process.stdout.write(JSON.stringify(compile(input, asked.values)));
    return 0;
  }
  if (asked.values.has("--combined-json")) return combined(asked);
  process.stdout.write(
    "solc.mjs, the npm compiler with the native one's command line\n" +
    `  --version --help --standard-json\n  --combined-json ${COMBINED.join(",")}\n` +
    "  --base-path --include-path --allow-paths --evm-version --optimize --optimize-runs --via-ir\n");
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`Error: ${error.message}\n`);
  process.exitCode = 1;
}
