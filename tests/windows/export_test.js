// The exporter, run over a simulated firewall, and what `check --from windows` says of its JSON.
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const {Interpreter} = require('./powershell');
const {problemsOfTool} = require('./check');
const {call} = require('./compiled_test');
const {machineWith, test, expect, same} = require('./bench');
const {web, strict, furnish, contradict} = require('./policies');
const syntax = require('./syntax');

const source =
  process.env.PORTPOLICY_WINDOWS_EXPORTER ?? path.join(__dirname, '../../packaging/windows/Export-Rules.ps1');
const members = [
  'name',
  'display_name',
  'group',
  'store',
  'enabled',
  'direction',
  'action',
  'override_block',
  'profiles',
  'protocol',
  'local_ports',
  'remote_ports',
  'icmp_types',
  'local_addresses',
  'remote_addresses',
  'program',
  'package',
  'service',
  'interfaces',
  'interface_types',
  'local_user',
  'remote_user',
  'remote_machine',
  'authentication',
  'encryption',
  'edge_traversal',
  'dynamic_target',
  'keyword_addresses',
  'platforms',
  'loose_source_mapping',
  'local_only_mapping',
  'status',
];

function everything(firewall) {
  furnish(firewall);
  contradict(firewall);
}

/** What the exporter writes of this machine. */
function exported(machine, given = {}) {
  machine.changes = [];
  machine.firewall.asked = {};
  const tree = syntax.read(fs.readFileSync(source, 'latin1'));
  const answer = new Interpreter(tree).run(machine, given);
  same(answer.code, 0, `exit code (${answer.error.join('; ')})`);
  return given.Path ? machine.files.read(given.Path) : answer.output.join('\n');
}

/** The findings of `check --from windows`, by code. */
function checked(program, text) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portpolicy-export-'));
  try {
    const file = path.join(folder, 'rules.json');
    fs.writeFileSync(file, text);
    const done = call(program, ['check', '--from', 'windows', file, '--format', 'json']);
    expect(done.status === 0 || done.status === 1, `exit code ${done.status}: ${done.stderr}`);
    return JSON.parse(done.stdout).findings;
  } finally {
    fs.rmSync(folder, {recursive: true});
  }
}

function testsOf(program) {
  test('nothing is wrong with the exporter', () =>
    same(problemsOfTool(fs.readFileSync(source)).join('\n'), '', 'problems'));

  for (const unrolled of [true, false]) {
    test(`the exporter tells all rules that are in force${unrolled ? '' : ', where lists are always arrays'}`, () => {
      const machine = machineWith(everything, web);
      machine.firewall.unrolled = unrolled;
      const told = JSON.parse(exported(machine));
      same(machine.changes.join('; '), '', 'changes');
      for (const [what, count] of Object.entries(machine.firewall.asked))
        same(count, 1, `how often it asked for ${what}`);
      same(told.format, 'portpolicy-windows-rules', 'format');
      same(told.rules.length, machine.firewall.rules.length, 'rules');
      for (const rule of told.rules) same(Object.keys(rule).join(), members.join(), `members of ${rule.name}`);
      isTold(told, machine);
    });
  }

  test('the owner of a rule is not lost', () => {
    const machine = machineWith(everything, web);
    const [rule] = machine.firewall.rules;
    rule.owner = 'S-1-5-21-1-2-3-1001';
    const told = JSON.parse(exported(machine)).rules.find((one) => one.name === rule.name);
    expect(told.local_user.includes('S-1-5-21-1-2-3-1001'), `local_user: ${told.local_user}`);
  });

  test('the exporter writes the same to a file, without a mark before it', () => {
    const machine = machineWith(everything, web);
    const text = exported(machine, {Path: 'C:\\ProgramData\\rules.json'});
    same(text, exported(machine), 'JSON');
    expect(text.startsWith('{'), 'a mark before it');
  });

  test('the exporter says what the local store holds', () => {
    const told = JSON.parse(exported(machineWith(everything, web), {PolicyStore: 'PersistentStore'}));
    expect(!told.rules.some((rule) => rule.name === 'gpo-rdp'), 'a rule of a group policy');
  });

  test('what is exported of a policy alone is understood', () => {
    for (const policy of [web, strict]) {
      const bad = checked(program, exported(machineWith(null, policy))).filter((one) => /^PP60/.test(one.code));
      same(bad.map((one) => one.message).join('; '), '', 'findings');
    }
  });

  test('what is exported of a whole machine is read, and what is not understood is named', () => {
    const findings = checked(program, exported(machineWith(everything, web)));
    const said = findings.map((one) => `${one.code} ${one.message}`).join('\n');
    expect(!/^PP601/m.test(said), said);
    for (const word of ['app.exe', 'LocalSubnet', 'dhcp']) expect(said.includes(word), `no word of ${word}: ${said}`);
  });
}

function isTold({rules, profiles}, machine) {
  const told = (name) => rules.find((rule) => rule.name === name);
  const ssh = rules.find((rule) => rule.display_name === 'ssh-staff');
  same(ssh.group, 'portpolicy', 'group');
  same(
    [...ssh.remote_addresses].sort().join(),
    '10.0.0.0/255.0.0.0,2001:db8::/32,203.0.113.7-203.0.113.9',
    'remote addresses',
  );
  same(ssh.local_ports.join(), '22', 'local ports');
  same(ssh.protocol, 'TCP', 'protocol');
  same(ssh.enabled, true, 'enabled');
  same(
    [ssh.direction, ssh.action, ssh.profiles.join(), ssh.edge_traversal, ssh.status].join(),
    'Inbound,Allow,Any,Block,OK',
    'words',
  );
  same(told('RemoteDesktop-UserMode-In-TCP').enabled, false, 'a disabled rule is enabled');
  same(told('odd [name] * ?').profiles.join(), 'Domain,Private', 'profiles');
  same(told('gpo-rdp').store, 'GPO', 'store');
  same(told('CoreNet-DHCP-In').service, 'dhcp', 'service');
  same(told('subnet').remote_addresses.join(), 'LocalSubnet', 'keyword');
  same(
    profiles.map((one) => `${one.name} ${one.default_inbound} ${one.default_outbound} ${one.enabled}`).join(),
    'Domain Block Allow true,Private Block Allow true,Public Block Allow true',
    'profiles',
  );
  same(machine.firewall.setting('Domain', 'DefaultInboundAction'), 'Block', 'default');
}

module.exports = {testsOf};
