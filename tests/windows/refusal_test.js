// When a script refuses, and what it must not take for its own.
'use strict';
const {run, machineWith, test, expect, same} = require('./bench');
const {ours, enabledNames, isAsWanted} = require('./ours');
const {nothing, web, strict, open, furnish} = require('./policies');

const connection = {LocalAddress: '192.0.2.10', RemoteAddress: '203.0.113.50', RemotePort: 51000, State: 'Established'};
const sessions = {
  'ssh': (machine) => {
    machine.environment.ssh_connection = '203.0.113.50 51000 192.0.2.10 22';
    machine.connections.push({...connection, LocalPort: 22});
  },
  'remote desktop': (machine) => {
    machine.environment.sessionname = 'RDP-Tcp#3';
    machine.connections.push({...connection, LocalPort: 3389});
  },
  'remote desktop at another port': (machine) => {
    machine.environment.sessionname = 'RDP-Tcp#3';
    Object.values(machine.registry)[0].PortNumber = 40000;
    machine.connections.push({...connection, LocalPort: 40000});
  },
  'WinRM': (machine) => {
    const {PSObject} = require('./values');
    machine.variables.pssenderinfo = PSObject.of(
      {ConnectionString: 'http://server:5985/wsman?PSVersion=5.1', UserInfo: null},
      'PSSenderInfo',
    );
    machine.connections.push({...connection, LocalPort: 5985});
  },
};

for (const [name, connect] of Object.entries(sessions)) {
  test(`an administrator by ${name} is not locked out`, () => {
    const machine = machineWith(furnish);
    connect(machine);
    const [rules, files] = [machine.firewall.picture(), machine.files.picture()];
    const refused = run(machine, web);
    same(refused.code, 2, `exit code (${refused.text})`);
    same(machine.changes.join('; '), '', 'changes');
    same(machine.firewall.picture() + machine.files.picture(), rules + files, 'state');
    expect(refused.text.includes('203.0.113.50'), `no word of the connection: ${refused.text}`);
    same(run(machine, open).code, 0, 'exit code with a policy that lets him in');
    same(run(machine, nothing).code, 0, 'exit code with a policy that does not manage inbound');
    same(run(machine, web, {AllowLockout: true}).code, 0, 'exit code with -AllowLockout');
    isAsWanted(machine, web);
  });
}

test('a connection counts where the script does not see that it runs in a session', () => {
  for (const port of [5985, 5986, 3389, 22]) {
    const machine = machineWith(furnish);
    machine.connections.push({...connection, LocalPort: port});
    same(run(machine, web).code, 2, `exit code with a connection to ${port}`);
    same(machine.changes.join('; '), '', 'changes');
  }
  const machine = machineWith(furnish);
  machine.connections.push({...connection, LocalPort: 443});
  same(run(machine, web).code, 0, 'exit code with a connection to 443');
});

test('that inbound is no longer managed is told', () => {
  const machine = machineWith(furnish);
  same(run(machine, web).code, 0, 'exit code');
  const left = run(machine, nothing);
  same(left.code, 0, 'exit code');
  expect(left.text.includes('leaves inbound connections alone'), `no word of it: ${left.text}`);
});

test('a log that the policy does not ask for is left as it is', () => {
  const machine = machineWith(furnish);
  for (const place of ['Domain', 'Private', 'Public']) machine.firewall.profiles[place].LogBlocked = 'True';
  same(run(machine, {...web, log: {}}).code, 0, 'exit code');
  for (const place of ['Domain', 'Private', 'Public']) same(machine.firewall.profiles[place].LogBlocked, 'True', place);
});

test('a state folder on which others have rights is not used', () => {
  const machine = machineWith(furnish);
  machine.files.folders.add('c:\\programdata\\portpolicy');
  machine.files.owners.set('c:\\programdata\\portpolicy', 'shared');
  const refused = run(machine, web);
  same(refused.code, 1, 'exit code');
  same(machine.changes.join('; '), '', 'changes');
  expect(refused.text.includes('others than administrators'), refused.text);
});

test('an administrator whom the policy lets in by ssh is no reason to refuse', () => {
  const machine = machineWith(furnish);
  machine.environment.ssh_connection = '10.1.2.3 51000 192.0.2.10 22';
  machine.connections.push({...connection, RemoteAddress: '10.1.2.3', LocalPort: 22});
  same(run(machine, web).code, 0, 'exit code');
  const other = machineWith(furnish);
  other.environment.ssh_connection = '10.66.2.3 51000 192.0.2.10 22';
  other.connections.push({...connection, RemoteAddress: '10.66.2.3', LocalPort: 22});
  same(run(other, web).code, 2, 'exit code where a block takes him');
});

for (const [what, setting, wanted] of [
  ['local rules are not merged', 'AllowLocalFirewallRules', web],
  ['shields are up', 'AllowInboundRules', web],
]) {
  test(`refused when ${what}`, () => {
    const machine = machineWith(furnish);
    machine.firewall.policy.Domain[setting] = 'False';
    const refused = run(machine, wanted);
    same(refused.code, 2, `exit code (${refused.text})`);
    same(machine.changes.join('; '), '', 'changes');
  });
}

test('refused when a group policy sets another default', () => {
  const machine = machineWith(furnish);
  machine.firewall.policy.Public.DefaultInboundAction = 'Allow';
  const refused = run(machine, web);
  same(refused.code, 2, `exit code (${refused.text})`);
  same(machine.changes.join('; '), '', 'changes');
});

test('a firewall that is off is told of', () => {
  const machine = machineWith(furnish);
  machine.firewall.profiles.Public.Enabled = 'False';
  const answer = run(machine, web);
  same(answer.code, 0, 'exit code');
  expect(
    answer.warning.some((text) => text.includes('Public')),
    'no warning',
  );
  same(run(machine, web, {Verify: true}).code, 3, 'exit code of -Verify');
});

test('a state folder of somebody else is not used', () => {
  const machine = machineWith(furnish);
  machine.files.makeFolder('C:\\ProgramData\\portpolicy');
  machine.files.owners.set('c:\\programdata\\portpolicy', 'foreign');
  const refused = run(machine, web);
  expect(refused.code !== 0, 'exit code 0');
  same(ours(machine).length, 0, 'rules of ours');
});

for (const [what, text] of [
  ['is no JSON', '{'],
  ['is of another kind', '{"format": "other", "format_version": 1}'],
  [
    'is of a later version',
    '{"format": "portpolicy-windows-state", "format_version": 2, "settings": {}, "disabled": []}',
  ],
]) {
  test(`a state file that ${what} is not used`, () => {
    const machine = machineWith(furnish, web);
    machine.files.write('C:\\ProgramData\\portpolicy\\state.json', text);
    const rules = machine.firewall.picture();
    for (const given of [{}, {Remove: true}]) {
      const refused = run(machine, strict, given);
      same(refused.code, 1, `exit code (${refused.text})`);
      expect(refused.text.includes('state.json'), `no word of the file: ${refused.text}`);
      same(machine.firewall.picture(), rules, 'rules');
    }
  });
}

test('a rule of others with the name of a wanted one stays', () => {
  const machine = machineWith(furnish);
  const taken = machine.firewall.add({
    Name: web.rules[0].Name,
    DisplayName: 'mine',
    Direction: 'Outbound',
    Action: 'Allow',
  });
  const answer = run(machine, web);
  same(answer.code, 0, `exit code (${answer.text})`);
  expect(machine.firewall.rules.includes(taken) && taken.enabled && taken.display_name === 'mine', 'it has changed');
  expect(enabledNames(machine).includes(`${web.rules[0].Name}-2`), `rules: ${enabledNames(machine)}`);
  same(run(machine, web).code, 0, 'exit code of the second run');
  same(machine.changes.join('; '), '', 'changes of the second run');
});

for (const given of [
  {Remove: true, Exclusive: true},
  {Remove: true, Verify: true},
  {Verify: true, AllowLockout: true},
]) {
  test(`refused: ${Object.keys(given).join(' and ')} together`, () => {
    const machine = machineWith(furnish, web);
    same(run(machine, web, given).code, 2, 'exit code');
    same(machine.changes.join('; '), '', 'changes');
  });
}

test('texts with quotes come through as they are', () => {
  const {rule} = require('./script');
  const texts = ["it's", "''", 'a \'b\' "c" `d` $(Get-Date) $env:X; # %{0} @( )', '* ? [a-z]', 'U+2019 ~'];
  const policy = {
    defaults: {Inbound: 'Block'},
    rules: texts.map((text, at) =>
      rule({DisplayName: text, Description: text, Protocol: 'TCP', LocalPort: [String(at + 1)]}),
    ),
  };
  const machine = machineWith(null, policy);
  for (const text of texts)
    expect(
      ours(machine).some((one) => one.display_name === text && one.description === text),
      `${text} has changed`,
    );
  same(run(machine, policy).code, 0, 'exit code');
  same(machine.changes.join('; '), '', 'changes of the second run');
});
