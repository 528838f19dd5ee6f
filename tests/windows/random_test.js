// Policies by chance, one after the other on the same machine. PORTPOLICY_SEED tries others than the usual ones.
'use strict';
const {run, machineWith, watched, test, expect, same} = require('./bench');
const {rule} = require('./script');
const {furnish} = require('./policies');

const seed = Number(process.env.PORTPOLICY_SEED ?? 1);
const length = 8;

/** Numbers by chance that are the same ones for the same seed: 0 to `count` - 1. */
function chance(start) {
  let state = start * 2654435761 + 12345;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * count);
  };
}

const addresses = [
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3',
  '10.1.2.0-10.1.3.255',
  '0.0.0.0-255.255.255.255',
  '2001:db8::/32',
  '2001:db8:1::5',
  '::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
];
const ports = ['22', '80', '20-25', '1-65535', '1024-65535', '443'];
const types = ['8', '3:4', '128', '0'];

function some(draw, from) {
  const list = from.filter(() => draw(3) === 0);
  return list.length > 0 && draw(2) === 0 ? list : undefined;
}

function randomRule(draw, directions) {
  const protocol = ['TCP', 'UDP', 'ICMPv4', 'ICMPv6', 'Any', '47'][draw(6)];
  const remote = some(draw, addresses);
  const values = {
    DisplayName: `rule ${draw(1000)}`,
    Direction: directions[draw(directions.length)],
    Action: ['Allow', 'Allow', 'Block'][draw(3)],
    Protocol: protocol,
  };
  const given = {RemoteAddress: remote};
  if (['TCP', 'UDP'].includes(protocol))
    Object.assign(given, {LocalPort: some(draw, ports), RemotePort: some(draw, ports)});
  if (protocol.startsWith('ICMP')) given.IcmpType = some(draw, types);
  for (const [key, list] of Object.entries(given)) if (list) values[key] = list;
  return rule(values);
}

function randomPolicy(draw) {
  const defaults = {};
  for (const direction of ['Inbound', 'Outbound']) if (draw(4) > 0) defaults[direction] = ['Block', 'Allow'][draw(2)];
  const directions = Object.keys(defaults);
  const count = directions.length > 0 ? draw(7) : 0;
  const rules = Array.from({length: count}, () => randomRule(draw, directions));
  const log = draw(2) === 0 ? {LogBlocked: ['True', 'False'][draw(2)]} : {};
  return {defaults, log, rules: rules.filter((one, at) => rules.findIndex((other) => other.Name === one.Name) === at)};
}

test(`policies by chance (seed ${seed}) follow each other without a gap`, () => {
  const draw = chance(seed);
  const machine = machineWith(furnish);
  const before = machine.firewall.rules.length;
  let policy;
  for (let i = 0; i < length; ++i) {
    policy = randomPolicy(draw);
    const {answer, wrong} = watched(machine, policy);
    const where = `seed ${seed}, policy ${i + 1}`;
    same(answer.code, 0, `${where}: exit code (${answer.text})`);
    expect(wrong.length === 0, `${where}: ${wrong[0]}`);
    same(run(machine, policy, {Verify: true}).code, 0, `${where}: exit code of -Verify`);
    const ours = machine.firewall.rules.filter((one) => one.group === 'portpolicy');
    same(ours.length, policy.rules.length, `${where}: rules of ours`);
  }
  same(run(machine, policy, {Remove: true}).code, 0, 'exit code of -Remove');
  same(machine.firewall.rules.length, before, 'rules that are left');
});
