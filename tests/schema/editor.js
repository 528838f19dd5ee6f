// Asks the language server that editors use (yaml-language-server) what it makes of the schema: what it completes,
// shows when the pointer rests on a key, and reports.
//
//     node editor.js PROGRAM
'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const program = path.resolve(process.argv[2]);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portpolicy-editor-'));
fs.writeFileSync(path.join(folder, 'portpolicy.schema.json'), execFileSync(program, ['schema']));

/// The server, spoken to over its standard input and output.
class Server {
  constructor() {
    const main = require.resolve('yaml-language-server/bin/yaml-language-server');
    this.process = spawn(process.execPath, [main, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.received = Buffer.alloc(0);
    this.answers = new Map();
    this.reports = new Map();
    this.next = 1;
    this.process.stdout.on('data', (bytes) => this.take(bytes));
    this.ended = new Promise((resolve) => this.process.on('exit', resolve));
  }

  send(message) {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  ask(method, params) {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.answers.set(id, { resolve, reject });
      this.send({ id, method, params });
    });
  }

  tell(method, params) {
    this.send({ method, params });
  }

  take(bytes) {
    this.received = Buffer.concat([this.received, bytes]);
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.received.toString('utf8', 0, end))[1]);
      if (this.received.length < end + 4 + length) return;
      const message = JSON.parse(this.received.toString('utf8', end + 4, end + 4 + length));
      this.received = this.received.subarray(end + 4 + length);
      this.handle(message);
    }
  }

  handle(message) {
    if (message.method === 'textDocument/publishDiagnostics') {
      const waiting = this.reports.get(message.params.uri);
      if (waiting) waiting(message.params.diagnostics);
    } else if (message.method !== undefined && message.id !== undefined) {
      // It asks for settings, one answer for each section. No schema but the one that the policy names, none from afar.
      const settings = { validate: true, hover: true, completion: true, schemaStore: { enable: false } };
      const sections = message.params?.items;
      const result = sections ? sections.map(({ section }) => (section === 'yaml' ? settings : null)) : null;
      this.send({ id: message.id, result });
    } else if (message.id !== undefined) {
      const answer = this.answers.get(message.id);
      this.answers.delete(message.id);
      if (message.error) answer.reject(new Error(message.error.message));
      else answer.resolve(message.result);
    }
  }

  async start() {
    await this.ask('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: {
        textDocument: {
          completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown', 'plaintext'] } },
          hover: { contentFormat: ['markdown', 'plaintext'] },
          publishDiagnostics: {},
        },
        workspace: { configuration: true },
      },
    });
    this.tell('initialized', {});
  }

  /// Opens a policy in which `^` marks the cursor; what is reported of it.
  async open(name, marked) {
    const at = marked.indexOf('^');
    const before = marked.slice(0, at < 0 ? 0 : at);
    const text = `# yaml-language-server: $schema=portpolicy.schema.json\n${marked.replace('^', '')}`;
    const uri = pathToFileURL(path.join(folder, name)).href;
    const reported = new Promise((resolve) => this.reports.set(uri, resolve));
    this.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    const position = { line: before.split('\n').length, character: before.length - before.lastIndexOf('\n') - 1 };
    return { textDocument: { uri }, position, reports: await reported };
  }

  async stop() {
    await this.ask('shutdown');
    this.tell('exit');
    await this.ended;
  }
}

// `^` is the cursor. `completes`: what is offered there, and what is written then. `offers`: how many, at least.
// `hover`: what is shown there. `reports`: line and words of each report; lines count from the policy's first.
const expectations = [
  {
    what: 'keys of a policy',
    policy: 'portpolicy: 1\n^\n',
    completes: { tier: 'tier: ', networks: 'networks:\n  ', inbound: 'inbound:\n  - ', management: 'management:\n  - allow: ' },
    documents: { inbound: 'rules for packets to this host' },
    reports: [],
  },
  {
    what: 'keys of a rule: a word follows, not a list',
    policy: 'portpolicy: 1\ninbound:\n  - ^\n',
    completes: { allow: 'allow: ', from: 'from: ', in: 'in: ', 'only-from': 'only-from: ' },
    withholds: ['out', 'portpolicy'],
  },
  {
    what: 'keys of an outbound rule',
    policy: 'portpolicy: 1\noutbound:\n  - allow: ssh\n    ^\n',
    completes: { out: 'out: ', to: 'to: ' },
    withholds: ['in', 'allow'],
    reports: [],
  },
  {
    what: 'services',
    policy: 'portpolicy: 1\ninbound:\n  - allow: ^\n',
    completes: { any: 'any', ssh: 'ssh', postgresql: 'postgresql', '8080/tcp': '8080/tcp', 'icmp/echo-request': 'icmp/echo-request' },
    documents: { dns: '53/tcp, 53/udp' },
    offers: 150,
  },
  {
    what: 'services, the first letters written',
    policy: 'portpolicy: 1\ninbound:\n  - allow: po^\n',
    completes: { postgresql: 'postgresql' },
    reports: [],
  },
  {
    what: 'services in a list',
    policy: 'portpolicy: 1\ninbound:\n  - allow: [ssh, ^]\n',
    completes: { https: 'https' },
    offers: 150,
  },
  {
    what: 'networks',
    policy: 'portpolicy: 1\ninbound:\n  - allow: ssh\n    from: ^\n',
    completes: { internet: 'internet', private: 'private', 'link-local': 'link-local' },
  },
  {
    what: 'the keys of a network',
    policy: 'portpolicy: 1\nnetworks:\n  staff:\n    ^\n',
    completes: { except: 'except: ', file: 'file: ' },
  },
  {
    what: 'verdicts of a default',
    policy: 'portpolicy: 1\ndefaults:\n  forward: ^\n',
    completes: { allow: 'allow', deny: 'deny', reject: 'reject', unmanaged: 'unmanaged' },
  },
  {
    what: 'tiers, and what a tier is',
    policy: 'portpolicy: 1\ntier: norm^al\n',
    completes: { mandatory: 'mandatory', normal: 'normal', baseline: 'baseline' },
    hover: 'all rules of a higher tier come before',
    reports: [],
  },
  {
    what: 'connection states',
    policy: 'portpolicy: 1\ntests:\n  inbound:\n    - deny: ssh\n      state: ^\n',
    completes: { established: 'established', untracked: 'untracked' },
  },
  { what: 'a key', policy: 'portpolicy: 1\ninbound:\n  - allow: ssh\n    on^ly-from: private\n', hover: 'nobody else reaches', reports: [] },
  { what: 'a verdict', policy: 'portpolicy: 1\ninbound:\n  - rej^ect: ident\n', hover: 'refuse these services', reports: [] },
  { what: 'a key within', policy: 'portpolicy: 1\ninbound:\n  - allow: ssh\n    from: {any: any, exc^ept: private}\n', hover: 'but not these networks', reports: [] },
  {
    what: 'wrong keys and values, each said once',
    policy: `portpolicy: 1
inbound:
  - allow: ssh
    form: private
  - allow: 80/tpc
    out: eth0
  - allow: 70000
  - from: any
  - allow: ssh
    deny: http
  - deny: ssh
    limit: 10/minute
  - allow: ssh
    limit: 10 a minute
  - allow: ssh
    from: 10.0.0.300
  - allow: ssh
    from: {file: a.txt, any: private}
  - allow: ssh
    until: 2026-13-01
  - allow: {port: 80}
  - ssh
networks: {internet: 10.0.0.0/8}
tier: high
`,
    reports: [
      [3, 'Property form is not allowed'],
      [4, 'a service is a name, `80/tcp`'],
      [5, 'Property out is not allowed'],
      [6, 'above the maximum of 65535'],
      [7, 'Missing property "allow"'],
      [8, 'Property allow is not allowed'],
      [11, 'Property limit is not allowed'],
      [13, 'a limit is `N/second|minute|hour|day'],
      [15, 'a network is an address'],
      [17, 'Property any is not allowed'],
      [19, 'a date is written `2027-01-31`'],
      [20, 'Expected one of string, integer, array'],
      [21, 'Expected "inbound-rule"'],
      [22, 'not a name for a network'],
      [23, 'Value is not accepted'],
    ],
  },
  { what: 'a policy without its version', policy: 'tier: normal\n', reports: [[0, 'Missing property "portpolicy"']] },
];

const failures = [];

function checkCompletion(expected, items) {
  const fail = (message) => failures.push(`${expected.what}: ${message}`);
  const offered = new Map(items.map((item) => [item.label, item]));
  for (const [label, text] of Object.entries(expected.completes ?? {})) {
    const item = offered.get(label);
    const written = item && (item.textEdit?.newText ?? item.insertText).replace(/\$1$/, '');
    if (written !== text) fail(`\`${label}\` should be completed to ${JSON.stringify(text)}, not ${JSON.stringify(written)}`);
  }
  for (const [label, words] of Object.entries(expected.documents ?? {})) {
    const said = JSON.stringify(offered.get(label)?.documentation ?? null);
    if (!said.includes(words)) fail(`\`${label}\` is documented as ${said}, without "${words}"`);
  }
  for (const label of expected.withholds ?? []) if (offered.has(label)) fail(`\`${label}\` should not be offered`);
  if (offered.size < (expected.offers ?? 0)) fail(`only ${offered.size} are offered`);
}

function checkReports(expected, reports) {
  const seen = reports.map((report) => [report.range.start.line - 1, report.message]).sort((a, b) => a[0] - b[0]);
  const alike = seen.length === expected.length &&
    seen.every(([line, message], i) => line === expected[i][0] && message.includes(expected[i][1]));
  return alike ? undefined : `reported is ${JSON.stringify(seen, null, 1)}`;
}

async function check(server, expected, name) {
  const document = await server.open(name, expected.policy);
  if (expected.completes) {
    const answer = await server.ask('textDocument/completion', { textDocument: document.textDocument, position: document.position });
    checkCompletion(expected, answer.items ?? answer);
  }
  if (expected.hover) {
    const answer = await server.ask('textDocument/hover', { textDocument: document.textDocument, position: document.position });
    const shown = JSON.stringify(answer?.contents ?? null);
    if (!shown.includes(expected.hover)) failures.push(`${expected.what}: shown is ${shown}`);
    if (shown.length > 1000) failures.push(`${expected.what}: what is shown is ${shown.length} characters long`);
  }
  const problem = expected.reports && checkReports(expected.reports, document.reports);
  if (problem) failures.push(`${expected.what}: ${problem}`);
}

async function main() {
  const server = new Server();
  await server.start();
  for (const [i, expected] of expectations.entries()) await check(server, expected, `policy${i}.yaml`);
  await server.stop();
}

setTimeout(() => {
  console.log('FAILED: the language server does not answer');
  process.exit(1);
}, 120000).unref();
main().catch((error) => failures.push(error.stack)).then(() => {
  fs.rmSync(folder, { recursive: true });
  console.log(`asked the language server about ${expectations.length} policies`);
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  process.exit(failures.length === 0 ? 0 : 1);
});
