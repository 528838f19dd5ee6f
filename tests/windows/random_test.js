// Policies by chance, one after the other on the same machine. PORTPOLICY_SEED tries others than the usual ones.
'use strict';
const {run, machineWith, watched, test, expect, same} = require('./bench');
const {rule} = require('./script');
const {furnish} = require('./policies');
const {parse} = require('./addresses');
const {around, shown} = require('./packets');

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

/** The verdicts of these rules alone, under the machine's defaults. */
function verdictsOf(machine, rules, packets) {
  const copy = machine.copy();
  copy.firewall.rules = copy.firewall.rules.filter((one) => rules(one));
  return packets.map(copy.firewall.judge());
}

function firstDifference(left, right, packets, policy) {
  const at = left.findIndex((verdict, i) => verdict !== right[i] && packets[i].direction in policy.defaults);
  return at < 0 ? null : `${left[at]} instead of ${right[at]} for ${shown(packets[at])}`;
}

test(`rules of others by chance (seed ${seed}): what is not reported changes no verdict`, () => {
  const draw = chance(seed + 1000);
  for (let i = 0; i < 3; ++i) {
    const policy = randomPolicy(draw);
    const machine = machineWith(null);
    for (let n = 0; n < 12; ++n) {
      machine.firewall.add({
        ...randomRule(draw, ['Inbound', 'Outbound']),
        Name: `foreign-${n}-`,
        Profile: ['Any', 'Private'][draw(2)],
      });
    }
    const packets = around([...machine.firewall.rules, ...machineWith(null, policy).firewall.rules]);
    const answer = run(machine, policy);
    same(answer.code, 0, `exit code (${answer.text})`);
    const ours = (one) => one.group === 'portpolicy';
    const alone = verdictsOf(machine, ours, packets);
    const silent = verdictsOf(machine, (one) => ours(one) || !answer.text.includes(one.name), packets);
    same(firstDifference(silent, alone, packets, policy), null, `policy ${i + 1}`);
    same(run(machine, policy, {Exclusive: true}).code, 0, 'exit code with -Exclusive');
    same(
      firstDifference(packets.map(machine.firewall.judge()), alone, packets, policy),
      null,
      `policy ${i + 1} with -Exclusive`,
    );
  }
});

test(`administrators by chance (seed ${seed}) are refused just when the policy alone refuses them`, () => {
  const draw = chance(seed + 2000);
  const peers = [
    ['10.1.2.3', '192.0.2.10'],
    ['10.200.0.1', '192.0.2.10'],
    ['203.0.113.5', '192.0.2.10'],
    ['2001:db8:1::5', '2001:db8::10'],
  ];
  for (let i = 0; i < 8; ++i) {
    const policy = randomPolicy(draw);
    const [remote, local] = peers[draw(peers.length)];
    const port = [22, 80, 2222][draw(3)];
    const machine = machineWith(furnish);
    machine.environment.ssh_connection = `${remote} 51000 ${local} ${port}`;
    const refused = run(machine, policy).code === 2;
    const [there, here] = [remote, local].map(parse);
    const packet = {
      direction: 'Inbound',
      family: there.family,
      protocol: 6,
      local: here.value,
      remote: there.value,
      local_port: port,
      remote_port: 51000,
      profile: 1,
    };
    const verdict = machineWith(null, policy).firewall.judge()(packet);
    const changes = machineWith(furnish);
    run(changes, policy);
    // Where there is nothing to change, nothing can lock out.
    const wanted = 'Inbound' in policy.defaults && verdict === 'Block' && changes.changes.length > 0;
    same(refused, wanted, `policy ${i + 1}, ${shown(packet)}: refused`);
  }
});
