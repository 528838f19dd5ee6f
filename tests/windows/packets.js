// Packets at the borders of rules: where one wrong comparison shows.
'use strict';
const addresses = require('./addresses');

const far = {4: addresses.parse('198.51.100.77').value, 6: addresses.parse('2001:db8:ffff::77').value};
const here = {4: addresses.parse('192.0.2.10').value, 6: addresses.parse('2001:db8::10').value};

/** ICMP of the other family is none. */
function possible({family, protocol}) {
  return protocol !== (family === 4 ? 58 : 1);
}

/** For each rule of the firewall, packets within each of its conditions, and packets that are beside one of them. */
function around(rules) {
  const packets = rules.flatMap(aroundOne).filter(possible);
  for (const direction of ['Inbound', 'Outbound']) {
    for (const family of [4, 6])
      for (const protocol of [6, 17, 47, family === 4 ? 1 : 58]) packets.push(base(direction, family, protocol));
  }
  packets.forEach((packet, at) => {
    packet.profile = [1, 2, 4][at % 3];
  });
  return packets;
}

function base(direction, family, protocol) {
  return {
    direction,
    family,
    protocol,
    local: here[family],
    remote: far[family],
    local_port: 4000,
    remote_port: 50000,
    type: 5,
    code: 1,
  };
}

function familiesOf(rule) {
  const of = (list) => new Set(list ? list.filter((one) => one.family).map((one) => one.family) : [4, 6]);
  const [a, b] = [of(rule.local), of(rule.remote)];
  return [4, 6].filter((family) => a.has(family) && b.has(family));
}

function aroundOne(rule) {
  const packets = [];
  for (const family of familiesOf(rule)) {
    const inside = base(rule.direction, family, rule.protocol ?? 6);
    const edges = edgesOf(rule, family);
    for (const [field, {within}] of Object.entries(edges)) if (within.length > 0) inside[field] = within[0];
    packets.push(inside);
    for (const [field, {within, beside}] of Object.entries(edges)) {
      for (const value of [...within, ...beside]) packets.push({...inside, [field]: value});
    }
  }
  return packets;
}

function edgesOf(rule, family) {
  const top = addresses.top(family);
  const ranges = (list) => (list ?? []).filter((one) => one.family === family);
  const ports = (list) => (list ?? []).filter((one) => !one.keyword);
  return {
    local: edges(ranges(rule.local), 0n, top, 1n),
    remote: edges(ranges(rule.remote), 0n, top, 1n),
    local_port: edges(ports(rule.local_ports), 0, 65535, 1),
    remote_port: edges(ports(rule.remote_ports), 0, 65535, 1),
    protocol: {
      within: rule.protocol === null ? [6, 17, 41] : [rule.protocol],
      beside: rule.protocol === null ? [] : [(rule.protocol + 1) % 256],
    },
    type: {
      within: (rule.icmp ?? []).map((one) => one.type),
      beside: (rule.icmp ?? []).map((one) => (one.type + 1) % 256),
    },
    code: {
      within: (rule.icmp ?? []).map((one) => one.code ?? 0),
      beside: (rule.icmp ?? []).map((one) => ((one.code ?? 0) + 1) % 256),
    },
  };
}

function edges(ranges, bottom, top, one) {
  return {
    within: ranges.flatMap(({low, high}) => (low === high ? [low] : [low, high])),
    beside: ranges.flatMap(({low, high}) => [low - one, high + one]).filter((value) => value >= bottom && value <= top),
  };
}

function shown(packet) {
  const [local, remote] = ['local', 'remote'].map((side) =>
    addresses.show({family: packet.family, value: packet[side]}),
  );
  return (
    `${packet.direction} protocol ${packet.protocol}, here ${local} port ${packet.local_port}, there ${remote} port ` +
    `${packet.remote_port}, type ${packet.type}:${packet.code}, profile ${packet.profile}`
  );
}

module.exports = {around, shown};
