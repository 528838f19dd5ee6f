// What the engine of a script does to a firewall: every test runs it in a simulated machine.
'use strict';
const {run, machineWith, watched, test, expect, same} = require('./bench');
const {ours, enabledNames, isAsWanted} = require('./ours');
const {profile_names} = require('./firewall');
const {nothing, web, strict, open, closed, reworded, furnish, contradict} = require('./policies');

function furnishAll(firewall) {
  furnish(firewall);
  contradict(firewall);
}

const policies = {nothing, web, strict, open, closed};

/** What is in force, whatever is kept disabled. */
function inForce(machine) {
  const rules = machine.firewall.rules
    .filter((rule) => rule.enabled || rule.group !== 'portpolicy')
    .map((rule) => ({...rule}));
  const settings = profile_names.map((name) =>
    Object.keys(machine.firewall.profiles[name]).map((key) => machine.firewall.setting(name, key)),
  );
  return JSON.stringify([rules.sort((a, b) => (a.name < b.name ? -1 : 1)), settings], (key, value) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

/** Each query costs time with every rule on the machine. Profiles are three. */
function asksOnce(machine) {
  for (const [what, count] of Object.entries(machine.firewall.asked)) {
    expect(count === 1 || what.startsWith('Profile'), `${what} was asked for ${count} times`);
  }
}

function called(machine, name) {
  return ours(machine).find((rule) => rule.display_name === name);
}

// ---- applying

for (const [name, policy] of Object.entries(policies)) {
  test(`apply ${name} to a firewall without rules of ours, and again`, () => {
    const machine = machineWith(furnish);
    const others = machine.firewall.rules
      .map((rule) => JSON.stringify(rule, (k, v) => (typeof v === 'bigint' ? String(v) : v)))
      .join();
    const first = run(machine, policy);
    same(first.code, 0, `exit code (${first.text})`);
    isAsWanted(machine, policy);
    asksOnce(machine);
    const kept = machine.firewall.rules
      .slice(0, 3)
      .map((rule) => JSON.stringify(rule, (k, v) => (typeof v === 'bigint' ? String(v) : v)))
      .join();
    same(kept, others, 'rules of others');
    const second = run(machine, policy);
    same(second.code, 0, 'exit code of the second run');
    same(machine.changes.join('; '), '', 'changes of the second run');
    asksOnce(machine);
  });

  for (const unrolled of [true, false]) {
    test(`-Verify after ${name}${unrolled ? '' : ', with lists that are always arrays'}`, () => {
      const machine = machineWith(furnish);
      machine.firewall.unrolled = unrolled;
      run(machine, policy);
      const answer = run(machine, policy, {Verify: true});
      same(answer.code, 0, `exit code (${answer.text})`);
      same(machine.changes.join('; '), '', 'changes');
      asksOnce(machine);
    });
  }
}

for (const [from, first] of Object.entries(policies)) {
  for (const [to, second] of Object.entries(policies)) {
    if (from === to) continue;
    test(`from ${from} to ${to} no packet falls into a gap`, () => {
      const machine = machineWith(furnish, first);
      const {answer, wrong, packets} = watched(machine, second);
      same(answer.code, 0, `exit code (${answer.text})`);
      expect(packets > 10, `only ${packets} packets`);
      expect(wrong.length === 0, wrong[0]);
      isAsWanted(machine, second);
    });
  }
}

test('other words for the same rules are set in place', () => {
  const machine = machineWith(furnish, web);
  const answer = run(machine, reworded);
  same(answer.code, 0, 'exit code');
  expect(
    machine.changes.every((what) => /^(rename|write|move)/.test(what)),
    `changes: ${machine.changes.join('; ')}`,
  );
  isAsWanted(machine, reworded);
  const rule = ours(machine).find((one) => one.name === reworded.rules[0].Name);
  same(rule.display_name, 'ssh-staff again', 'display name');
  same(rule.description, 'other.yaml:7', 'description');
});

test('a rule of ours that was changed by hand is replaced under the next name', () => {
  const machine = machineWith(furnish, web);
  const changed = called(machine, 'ssh-staff');
  changed.remote = null;
  const {answer, wrong} = watched(machine, web);
  same(answer.code, 0, `exit code (${answer.text})`);
  expect(wrong.length === 0, wrong[0]);
  expect(enabledNames(machine).includes(`${web.rules[0].Name}-2`), `rules: ${enabledNames(machine)}`);
  same(ours(machine).length, web.rules.length, 'rules of ours');
  same(run(machine, web, {Verify: true}).code, 0, 'exit code of -Verify');
  same(run(machine, web).code, 0, 'exit code of the next run');
  same(machine.changes.join('; '), '', 'changes of the next run');
});

const spoilt = {
  'a rule is disabled': (machine) => {
    called(machine, 'ssh-staff').enabled = false;
  },
  'a rule has gone': (machine) => {
    machine.firewall.rules = machine.firewall.rules.filter((rule) => rule !== called(machine, 'ssh-staff'));
  },
  'a rule of ours has come': (machine) => {
    machine.firewall.add({Name: 'x', DisplayName: 'x', Group: 'portpolicy'});
  },
  'a port is another': (machine) => {
    called(machine, 'web').local_ports[0].high += 1;
  },
  'an address is another': (machine) => {
    called(machine, 'ssh-staff').remote[0].high += 1n;
    delete called(machine, 'ssh-staff').remote[0].length;
  },
  'an allow is a block': (machine) => {
    called(machine, 'ssh-staff').action = 'Block';
  },
  'what comes in goes out': (machine) => {
    called(machine, 'ssh-staff').direction = 'Outbound';
  },
  'a protocol is another': (machine) => {
    called(machine, 'ssh-staff').protocol = 17;
  },
  'a type is another': (machine) => {
    called(machine, 'ping').icmp[0].type = 9;
  },
  'a code is another': (machine) => {
    called(machine, 'ping').icmp[1].code = 3;
  },
  'a program is asked for': (machine) => {
    called(machine, 'ssh-staff').program = 'C:\\app.exe';
  },
  'a service is asked for': (machine) => {
    called(machine, 'ssh-staff').service = 'sshd';
  },
  'a profile is asked for': (machine) => {
    called(machine, 'ssh-staff').profiles = 1;
  },
  'an interface is asked for': (machine) => {
    called(machine, 'ssh-staff').interface_type = 2;
  },
  'a user is asked for': (machine) => {
    called(machine, 'ssh-staff').local_user = 'O:LSD:(A;;CC;;;S-1-5-32-544)';
  },
  'it goes through an edge': (machine) => {
    called(machine, 'ssh-staff').edge = 'Allow';
  },
  'a default is another': (machine) => {
    machine.firewall.profiles.Private.DefaultInboundAction = 'Allow';
  },
  'a log is another': (machine) => {
    machine.firewall.profiles.Public.LogBlocked = 'False';
  },
  'a display name is another': (machine) => {
    called(machine, 'ssh-staff').display_name = 'other';
  },
};

for (const [what, spoil] of Object.entries(spoilt)) {
  test(`-Verify finds that ${what}, and an apply mends it`, () => {
    const machine = machineWith(furnish, web);
    spoil(machine);
    const looked = run(machine, web, {Verify: true});
    // Words alone change no verdict.
    if (what !== 'a display name is another') same(looked.code, 3, `exit code (${looked.text})`);
    same(machine.changes.join('; '), '', 'changes');
    const {answer, wrong} = watched(machine, web);
    same(answer.code, 0, `exit code of the apply (${answer.text})`);
    expect(wrong.length === 0, wrong[0]);
    same(run(machine, web, {Verify: true}).code, 0, 'exit code of -Verify afterwards');
    same(run(machine, web).code, 0, 'exit code of the next run');
    same(machine.changes.join('; '), '', 'changes of the next run');
  });
}

// ---- -WhatIf and -Remove

for (const [given, from, to] of [
  [{}, nothing, web],
  [{}, web, strict],
  [{Exclusive: true}, nothing, web],
  [{Remove: true}, web, web],
]) {
  test(`-WhatIf with ${Object.keys(given).join() || 'nothing else'} changes nothing`, () => {
    const machine = machineWith(furnishAll, from);
    const [rules, files] = [machine.firewall.picture(), machine.files.picture()];
    const answer = run(machine, to, {...given, WhatIf: true});
    same(answer.code, 0, `exit code (${answer.text})`);
    same(machine.changes.join('; '), '', 'changes');
    same(machine.firewall.picture(), rules, 'rules');
    same(machine.files.picture(), files, 'files');
    expect(answer.whatif.length > 3, `told is only: ${answer.whatif.join('; ')}`);
  });
}

for (const chain of [[web], [web, strict], [strict, open], [web, strict, open, closed]]) {
  test(`-Remove after ${chain.length} policies puts back what was there`, () => {
    const machine = machineWith(furnish);
    machine.firewall.profiles.Public.DefaultInboundAction = 'Allow';
    machine.firewall.profiles.Domain.LogBlocked = 'True';
    const before = inForce(machine);
    for (const policy of chain) same(run(machine, policy).code, 0, 'exit code of an apply');
    const {answer, wrong} = watched(machine, chain[chain.length - 1], {Remove: true});
    same(answer.code, 0, `exit code (${answer.text})`);
    expect(wrong.length === 0, wrong[0]);
    same(ours(machine).length, 0, 'rules of ours');
    same(inForce(machine), before, 'firewall');
    same(run(machine, web, {Remove: true}).code, 0, 'exit code of a second -Remove');
    expect(
      machine.changes.every((what) => what.startsWith('write')),
      `changes of a second -Remove: ${machine.changes.join('; ')}`,
    );
  });
}

// ---- rules of others

test('rules of others that contradict the policy are reported and left alone', () => {
  const machine = machineWith(furnish);
  const names = contradict(machine.firewall);
  const others = inForce(machine);
  const applied = run(machine, web);
  same(applied.code, 0, 'exit code');
  for (const answer of [applied, run(machine, web, {Verify: true})]) {
    for (const name of [...names.local, ...names.policy]) expect(answer.text.includes(name), `${name} is not reported`);
    for (const name of names.silent) expect(!answer.text.includes(name), `${name} is reported`);
  }
  machine.firewall.rules = machine.firewall.rules.filter((rule) => rule.group !== 'portpolicy');
  for (const name of profile_names) machine.firewall.profiles[name].LogBlocked = 'NotConfigured';
  same(inForce(machine), others, 'rules of others');
});

test('-Exclusive disables them, for as long as the policy stands', () => {
  const machine = machineWith(furnish);
  const names = contradict(machine.firewall);
  const before = inForce(machine);
  const {answer, wrong} = watched(machine, web, {Exclusive: true});
  same(answer.code, 0, `exit code (${answer.text})`);
  expect(wrong.length === 0, wrong[0]);
  for (const rule of machine.firewall.rules) {
    if (names.local.includes(rule.name)) expect(!rule.enabled, `${rule.name} is enabled`);
    if (names.policy.includes(rule.name)) expect(rule.enabled, `${rule.name} is disabled`);
    if (names.silent.includes(rule.name) && !rule.name.startsWith('RemoteDesktop'))
      expect(rule.enabled, `${rule.name} is disabled`);
  }
  same(run(machine, web, {Exclusive: true}).code, 0, 'exit code of the second run');
  same(machine.changes.join('; '), '', 'changes of the second run');
  same(run(machine, strict).code, 0, 'exit code of another policy');
  same(run(machine, strict, {Remove: true}).code, 0, 'exit code of -Remove');
  same(inForce(machine), before, 'firewall after -Remove');
});

test('-Exclusive leaves a local rule alone that a group policy has one of the same name for', () => {
  const machine = machineWith(furnish);
  machine.firewall.add({
    Name: 'rdp',
    DisplayName: 'RDP',
    Direction: 'Inbound',
    Action: 'Allow',
    Protocol: 'TCP',
    LocalPort: ['3389'],
  });
  machine.firewall.add(
    {Name: 'rdp', DisplayName: 'RDP', Direction: 'Inbound', Action: 'Allow', Protocol: 'TCP', LocalPort: ['3389']},
    'example.org\\Servers',
  );
  const answer = run(machine, web, {Exclusive: true});
  same(answer.code, 0, `exit code (${answer.text})`);
  expect(answer.text.includes('rdp'), 'it is not reported');
  expect(
    machine.firewall.rules.filter((rule) => rule.name === 'rdp').every((rule) => rule.enabled),
    'it is disabled',
  );
});

test('what a newer policy no longer sets is put back at once, and -Remove does not touch it again', () => {
  const machine = machineWith(furnish, web);
  const silent = {...web, log: {}};
  same(run(machine, silent).code, 0, 'exit code');
  same(machine.firewall.setting('Domain', 'LogBlocked'), 'False', 'LogBlocked');
  machine.firewall.profiles.Domain.LogBlocked = 'True';
  same(run(machine, silent, {Remove: true}).code, 0, 'exit code of -Remove');
  same(machine.firewall.setting('Domain', 'LogBlocked'), 'True', 'what an administrator set later');
});
