// The second local chain: `hardhat node`. Compilation is scripts/compile's, from ../contracts.
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
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka", chainId: 31337 },
    node: { type: "edr-simulated", chainType: "l1", hardfork: "osaka", chainId: 31337 },
  },
});
