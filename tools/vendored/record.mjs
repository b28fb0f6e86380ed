// Writes what was bundled: each package's version, licence and digest of the lock file, the digest of the bundle, and the licences' texts.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const into = process.argv[2];
const lock = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
const build = new Set(["esbuild"]);
const packages = {};
let texts = "";
for (const [folder, found] of Object.entries(lock)) {
  const name = folder.replace(/^node_modules\//, "");
  if (!folder || name.startsWith("@esbuild/")) continue;
  packages[name] = { version: found.version, licence: found.license, integrity: found.integrity, ...(build.has(name) && { only: "bundles" }) };
  if (build.has(name)) continue;
  const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((one) => `${folder}/${one}`).find(existsSync);
  if (!file) throw new Error(`${name} comes without the text of its licence`);
  texts += `${name} ${found.version} (${found.license})\n\n${readFileSync(file, "utf8").trim()}\n\n\n`;
}
const sha256 = createHash("sha256").update(readFileSync(`${into}/pkijs.js`)).digest("hex");
writeFileSync(`${into}/vendored.json`, `${JSON.stringify({ "pkijs.js": { sha256, packages } }, null, 2)}\n`);
writeFileSync(`${into}/licences.txt`, texts);
