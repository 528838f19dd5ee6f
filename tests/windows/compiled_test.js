// What `compile --target windows` writes: checked, run, and held to what `explain` says of the policy.
'use strict';
const {spawnSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const {run, machineWith, watched, test, expect, same} = require('./bench');
const addresses = require('./addresses');
const {problemsOf, dataOf} = require('./check');
const {made} = require('./check_data');
const {around, shown} = require('./packets');
const syntax = require('./syntax');
const {furnish} = require('./policies');

const folder = path.join(__dirname, 'policies');
// By number: those that a policy can name ports of.
const with_ports = [6, 17, 33, 132, 136];

function call(program, given, input = '') {
  const done = spawnSync(program, given, {input, encoding: 'latin1', maxBuffer: 1 << 28});
  if (done.error) throw done.error;
  return done;
}

function compile(program, policy) {
  const done = call(program, ['compile', policy, '--target', 'windows', '-q']);
  same(done.status, 0, `exit code of compile (${done.stderr})`);
  return done.stdout;
}

/** Packets of Windows as `explain` takes them, and its answers. */
function explained(program, policy, packets) {
  const lines = packets.map((packet) => {
    const [here, there] = ['local', 'remote'].map((side) =>
      addresses.show({family: packet.family, value: packet[side]}),
    );
    const inbound = packet.direction === 'Inbound';
    const ports = with_ports.includes(packet.protocol);
    const types = packet.protocol === 1 || packet.protocol === 58;
    return JSON.stringify({
      direction: packet.direction.toLowerCase(),
      protocol: packet.protocol,
      source: inbound ? there : here,
      destination: inbound ? here : there,
      ...(ports
        ? {
            source_port: inbound ? packet.remote_port : packet.local_port,
            destination_port: inbound ? packet.local_port : packet.remote_port,
          }
        : {}),
      ...(types ? {icmp_type: packet.type, icmp_code: packet.code} : {}),
    });
  });
  const done = call(program, ['explain', policy, '--packets', '-'], `${lines.join('\n')}\n`);
  same(done.status, 0, `exit code of explain (${done.stderr})`);
  return done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).verdict);
}

/** Addresses of loopback are not filtered. */
function filtered(packet) {
  const loopback = (value) => (packet.family === 4 ? value >> 24n === 127n : value <= 1n);
  return !loopback(packet.local) && !loopback(packet.remote) && packet.local_port > 0 && packet.remote_port > 0;
}

function testOne(program, policy, script) {
  test(`${policy}: nothing is wrong with its script`, () => {
    same(problemsOf(Buffer.from(script, 'latin1')).join('\n'), '', 'problems');
  });
  test(`${policy}: its script does what \`explain\` says`, () => {
    const machine = machineWith(null);
    same(run(machine, script).code, 0, 'exit code of the script');
    const data = dataOf(syntax.read(script));
    const packets = around(data.rules.map(made)).filter(filtered);
    const verdict = machine.firewall.judge();
    const wanted = explained(program, policy, packets);
    packets.forEach((packet, at) => {
      if (wanted[at] === 'unmanaged')
        return expect(!(packet.direction in data.defaults), `${packet.direction} is managed`);
      return same(verdict(packet), wanted[at] === 'allow' ? 'Allow' : 'Block', shown(packet));
    });
    expect(packets.length > 20, `only ${packets.length} packets`);
  });
  test(`${policy}: applied, verified, applied again, taken out`, () => {
    const machine = machineWith(furnish);
    const before = machine.firewall.picture();
    const first = run(machine, script);
    same(first.code, 0, `exit code (${first.text})`);
    same(run(machine, script, {Verify: true}).code, 0, 'exit code of -Verify');
    same(run(machine, script).code, 0, 'exit code of the second run');
    same(machine.changes.join('; '), '', 'changes of the second run');
    same(run(machine, script, {Remove: true}).code, 0, 'exit code of -Remove');
    same(machine.firewall.rules.length, JSON.parse(before).rules.length, 'rules that are left');
  });
}

/** Each policy after the one before it, and back. */
function testPairs(scripts) {
  scripts.forEach(([from, first], at) => {
    const [to, second] = scripts[(at + 1) % scripts.length];
    for (const [name, one, other] of [
      [`${from} to ${to}`, first, second],
      [`${to} to ${from}`, second, first],
    ]) {
      test(`from ${name} no packet falls into a gap`, () => {
        const machine = machineWith(furnish, one);
        const {answer, wrong} = watched(machine, other);
        same(answer.code, 0, `exit code (${answer.text})`);
        expect(wrong.length === 0, wrong[0]);
      });
    }
  });
}

/** The tests of this program. */
function testsOf(program) {
  const scripts = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => {
      const policy = path.join(folder, name);
      return [name, compile(program, policy), policy];
    });
  for (const [, script, policy] of scripts) testOne(program, policy, script);
  testPairs(scripts);
}

/** The examples' scripts as they stand in the repository. */
function testsOfExamples(root) {
  for (const name of fs.readdirSync(path.join(root, 'examples'))) {
    const file = path.join(root, 'examples', name, 'expected', 'windows.ps1');
    if (!fs.existsSync(file)) continue;
    test(`nothing is wrong with the script of the example ${name}`, () => {
      same(problemsOf(fs.readFileSync(file)).join('\n'), '', 'problems');
    });
  }
}

module.exports = {testsOf, testsOfExamples, call};
