// Holds the JSON schema to the parser, with a validator that knows nothing of the program:
// what `check` accepts the schema accepts, and what is wrong in its shape the schema refuses.
//
//     node validate.js PROGRAM SOURCE_ROOT
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const Ajv = require('ajv');
const YAML = require('yaml');

const [program, root] = process.argv.slice(2).map((name) => path.resolve(name));

// Errors of which the schema must refuse every case.
const refused = ['PP107', 'PP108', 'PP109', 'PP110', 'PP113', 'PP115', 'PP116', 'PP202', 'PP205', 'PP207', 'PP209',
  'PP210', 'PP211', 'PP212', 'PP213', 'PP214', 'PP215', 'PP227'];
// Errors of YAML itself, such as an alias: there is nothing to hold to the schema.
const ofYaml = ['PP101', 'PP102', 'PP103', 'PP104', 'PP105', 'PP106', 'PP111', 'PP112', 'PP114'];
// Errors of which the schema sees some: paths that are absolute, `out` in `inbound`.
const sometimes = ['PP219', 'PP225'];
// Errors of what other files say, of what the policy means, and of addresses: not the schema's to see.
const beyond = ['PP117', 'PP201', 'PP203', 'PP204', 'PP208', 'PP218', 'PP220', 'PP221', 'PP222', 'PP223', 'PP224', 'PP226', 'PP228', 'PP229', 'PP301', 'PP302',
  'PP305', 'PP306', 'PP307', 'PP308', 'PP309', 'PP313', ...ofYaml];

const failures = [];
const fail = (message) => failures.push(message);

const schema = JSON.parse(execFileSync(program, ['schema'], { encoding: 'utf8' }));
// `strictRequired` would have each `required` of an `anyOf` name its property there a second time.
const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
// What editors know beyond draft-07; other readers pass over it.
ajv.addVocabulary(['patternErrorMessage', 'defaultSnippets']);
const validate = ajv.compile(schema);

const why = () => ajv.errorsText(validate.errors, { separator: '\n    ' });

/// The data of a YAML text, or nothing when it is not YAML.
function data(text) {
  const document = YAML.parseDocument(text, { version: '1.2', logLevel: 'silent' });
  return document.errors.length === 0 ? { value: document.toJS() } : undefined;
}

function errorsOf(file) {
  const result = spawnSync(program, ['check', path.basename(file), '--format', 'json', '--at', '2026-01-01'],
    { cwd: path.dirname(file), encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0 && result.status !== 1) throw new Error(`check ${file}: ${result.stderr}`);
  return JSON.parse(result.stdout).findings.filter((finding) => finding.severity === 'error');
}

function filesBelow(folder, wanted) {
  return fs.readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(name, wanted);
      return wanted(entry.name) ? [name] : [];
    });
}

/// Whole files: the examples, the library, the cases and what has been fuzzed.
function checkFiles() {
  const isYaml = (name) => name.endsWith('.yaml');
  const files = ['examples', 'policies/library', 'tests/cases'].flatMap((folder) =>
    filesBelow(path.join(root, folder), isYaml));
  const tally = { accepted: 0, refused: 0, notYaml: 0, caught: 0, wrong: 0 };
  const seen = new Map(refused.map((code) => [code, 0]));
  for (const file of files) {
    const errors = errorsOf(file).filter((finding) => finding.file === path.basename(file));
    const codes = [...new Set(errors.map((finding) => finding.code))];
    const parsed = codes.some((code) => ofYaml.includes(code)) ? undefined : data(fs.readFileSync(file, 'utf8'));
    const label = path.relative(root, file);
    for (const code of codes) if (![...refused, ...sometimes, ...beyond].includes(code)) fail(`${label}: ${code} is in no list`);
    if (errors.length !== 0) ++tally.wrong;
    if (parsed === undefined) {
      ++tally.notYaml;
      if (errors.length === 0) fail(`${label}: check accepts it, and it is not YAML`);
      continue;
    }
    const good = validate(parsed.value);
    if (errors.length !== 0 && !good) ++tally.caught;
    if (codes.some((code) => refused.includes(code))) {
      ++tally.refused;
      for (const code of codes) if (seen.has(code)) seen.set(code, seen.get(code) + 1);
      if (good) fail(`${label}: the schema accepts it in spite of ${codes}`);
    } else if (!codes.some((code) => sometimes.includes(code))) {
      ++tally.accepted;
      if (!good) fail(`${label}: the schema refuses it, check says ${codes.join(' ') || 'nothing'}\n    ${why()}`);
    }
  }
  for (const [code, count] of seen) if (count === 0) fail(`${code}: no case shows it`);
  console.log(`files: ${files.length}; of the right shape, all accepted: ${tally.accepted}; of a wrong shape, all refused: `
    + `${tally.refused}; not YAML: ${tally.notYaml}`);
  console.log(`of ${tally.wrong} files in which check finds errors of any kind the schema refuses ${tally.caught}`);
}

const scalars = fs.readFileSync(path.join(root, 'tests/schema/scalars.txt'), 'utf8').split('\n').filter((line) => line);
// Where a value may stand, as one entry of a policy; `@` is the value.
const places = {
  service: ['inbound: [{allow: @}]', 'inbound: [{deny: [@, ssh]}]', 'services: {a: @}'],
  network: ['inbound: [{allow: ssh, from: @}]', 'inbound: [{allow: ssh, to: {any: any, except: [@]}}]', 'networks: {a: [@]}'],
  interface: ['inbound: [{allow: ssh, in: @}]', 'forward: [{allow: ssh, out: {any: [@]}}]', 'interfaces: {a: @}'],
  port: ['inbound: [{allow: 1/tcp, source-port: @}]', 'inbound: [{allow: 1/tcp, source-port: [@]}]'],
  name: ['inbound: [{allow: ssh, name: @}]', 'management: [{allow: ssh, name: @}]', 'tests: {inbound: [{deny: ssh, name: @}]}'],
  overrides: ['inbound: [{allow: ssh, overrides: @}]'],
  text: ['inbound: [{allow: ssh, comment: @}]', 'inbound: [{allow: icmp, from: fd00::/8, waive: {PP303: @}}]'],
  date: ['inbound: [{allow: ssh, until: @}]'],
  log: ['inbound: [{allow: ssh, log: @}]', 'defaults: {inbound: {verdict: deny, log: @}}'],
  limit: ['inbound: [{allow: ssh, limit: @}]'],
  word: ['tier: @', 'base: [@]', 'defaults: {inbound: @}', 'defaults: {forward: @}', 'tests: {inbound: [{deny: ssh, state: @}]}'],
  base: ['base: @'],
  section: ['networks: @', 'inbound: @', 'management: @', 'tests: @', 'waive: @', 'include: [@]'],
  entry: ['inbound: [@]', 'outbound: [@]', 'forward: [@]', 'management: [@]', 'tests: {inbound: [@]}', 'tests: {outbound: [@]}',
    'tests: {forward: [@]}'],
  key: ['networks: {@: 10.0.0.0/8}', 'services: {@: 80/tcp}', 'interfaces: {@: eth0}',
    'inbound: [{allow: icmp, from: fd00::/8, waive: {@: why}}]', 'inbound: [{allow: ssh, @: x}]', '@: x'],
};
// Values that the schema may take and the parser refuses at some place: how a number or a truth value is written, the
// order of the ends of a range, the groups of an IPv6 address, days of a month, where a path leads, and the length of an
// interface name that may be one of `interfaces:`.
const unseen = ['+80', '080', '0x50', '0o17', '1e3', '80.0', '-1', '.5', 'True', 'yes', 'on', '90-80', '10.0.0.1/8',
  '10.0.0.9-10.0.0.1', '10.0.0.1-10.0.0.9', '80:90', '"a:b"', '1:2:3:4:5:6:7:8:9', '1::2::3', 'dead:beef', '2026-02-30',
  'host.example.org', 'a123456789012345', '"abcdefghijklmnopqrstuvwxyzabcdef"', '"abcdefghijklmnopqrstuvwxyzabcdefg"',
  `${'a'.repeat(63)}`, '{file: missing.txt}', '"."', '".."', '"a\\nb"', '../up/x.yaml'];
// What a value is wrong for in spite of its form: names and files that are not there, and the other values beside it.
const aboutOthers = ['PP201', 'PP203', 'PP204', 'PP218', 'PP223', 'PP224', 'PP226', 'PP301', 'PP302', 'PP305', 'PP306',
  'PP308', 'PP309'];

/// The texts that the parser refuses, many asked at once: each is a file that one policy includes.
function refusedByParser(texts, folder) {
  const wrong = new Set();
  for (let begin = 0; begin < texts.length; begin += 60) {
    const some = texts.slice(begin, begin + 60);
    some.forEach((text, i) => fs.writeFileSync(path.join(folder, `${begin + i}.yaml`), text));
    const top = path.join(folder, 'policy.yaml');
    fs.writeFileSync(top, `portpolicy: 1\ninclude: [${some.map((_, i) => `${begin + i}.yaml`)}]\n`);
    for (const finding of errorsOf(top)) {
      if (finding.code === 'PP117') throw new Error('too many findings at once');
      if (!aboutOthers.includes(finding.code)) wrong.add(texts[parseInt(finding.file, 10)]);
    }
  }
  return wrong;
}

/// Every value of scalars.txt at every place.
function checkGrid() {
  const tries = Object.values(places).flat()
    .flatMap((place) => scalars.map((scalar) => ({ scalar, text: `portpolicy: 1\n${place.replaceAll('@', () => scalar)}\n` })))
    .filter(({ text }) => data(text) !== undefined);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portpolicy-schema-'));
  let wrongs;
  try {
    wrongs = refusedByParser(tries.map(({ text }) => text), folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  const tally = { tried: tries.length, good: 0, caught: 0 };
  for (const { scalar, text } of tries) {
    const good = validate(data(text).value);
    if (!wrongs.has(text)) {
      ++tally.good;
      if (!good) fail(`the schema refuses what the parser takes: ${JSON.stringify(text)}\n    ${why()}`);
    } else if (!good) ++tally.caught;
    else if (!unseen.includes(scalar)) fail(`the schema takes what the parser refuses: ${JSON.stringify(text)}`);
  }
  const wrong = tally.tried - tally.good;
  console.log(`values at places: ${tally.tried}; right, all accepted: ${tally.good}; wrong: ${wrong}, of them refused: `
    + `${tally.caught} (${Math.floor((100 * tally.caught) / wrong)} %)`);
}

checkFiles();
checkGrid();
for (const failure of failures) console.log(`FAILED: ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);
