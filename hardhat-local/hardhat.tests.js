// Hardhat's own runner over the Solidity tests. Copied beside `contracts/`, `test/` and `node_modules/`
// by scripts/contracts, as Hardhat compiles nothing that lies above its configuration.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "hardhat/config";

const here = path.dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  solidity: {
    compilers: [
      {
        version: "0.8.30",
        path: path.join(here, "node_modules", "solc", "soljson.js"),
        settings: { evmVersion: "prague", optimizer: { enabled: true, runs: 200 } },
      },
    ],
  },
  paths: { sources: "./contracts", tests: { solidity: "./test" } },
  test: {
    solidity: {
      blockTimestamp: 1_800_000_000n,
      fuzz: { runs: 128, seed: "0x766b6c6164" },
      invariant: { runs: 32, depth: 96, failOnRevert: true },
    },
  },
});
