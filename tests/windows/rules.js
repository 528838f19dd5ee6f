// One rule of the Windows Firewall: what is refused when it is made, how its conditions read back, and what it matches.
'use strict';
const addresses = require('./addresses');
const {PowerShellError} = require('./values');

const named_protocols = {tcp: 6, udp: 17, icmpv4: 1, icmpv6: 58};
const address_keywords = [
  'Any',
  'LocalSubnet',
  'DNS',
  'DHCP',
  'WINS',
  'DefaultGateway',
  'Internet',
  'Intranet',
  'IntranetRemoteAccess',
  'PlayToDevice',
  'CaptivePortal',
];
const port_keywords = {RPC: 6, RPCEPMap: 6, IPHTTPSIn: 6, Teredo: 17, PlayToDiscovery: 17};
const most = 1000;

/** A refusal of the firewall. */
function refuse(why) {
  throw new PowerShellError(`The parameter is incorrect. (Windows System Error 87: ${why})`);
}

function listOf(given) {
  if (given === undefined || given === null || given.length === 0) return null;
  if (given.length === 1 && given[0].toLowerCase() === 'any') return null;
  if (given.some((one) => one.toLowerCase() === 'any')) refuse('Any among others');
  return given;
}

function protocolOf(text) {
  const key = (text ?? 'Any').toLowerCase();
  if (key === 'any') return null;
  if (key in named_protocols) return named_protocols[key];
  if (!/^\d{1,3}$/.test(key) || Number(key) > 255) refuse(`a protocol ${text}`);
  return Number(key);
}

function portsOf(given, protocol, {local, direction}) {
  const list = listOf(given);
  if (!list) return null;
  if (protocol !== 6 && protocol !== 17) refuse('ports without TCP or UDP');
  if (list.length > most) refuse('more than 1,000 ports');
  return list.map((text) => {
    const keyword = Object.keys(port_keywords).find((word) => word.toLowerCase() === text.toLowerCase());
    if (keyword) {
      if (!local || direction !== 'Inbound' || port_keywords[keyword] !== protocol) refuse(`the keyword ${text}`);
      return {keyword};
    }
    const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
    if (!found) refuse(`a port ${text}`);
    const low = Number(found[1]),
      high = Number(found[2] ?? found[1]);
    if (low < 1 || high > 65535 || low > high) refuse(`a port ${text}`);
    return {low, high};
  });
}

function icmpOf(given, protocol) {
  const list = listOf(given);
  if (!list) return null;
  if (protocol !== 1 && protocol !== 58) refuse('ICMP types without ICMP');
  if (list.length > most) refuse('more than 1,000 ICMP types');
  return list.map((text) => {
    const found = /^(\d{1,3})(?::(\d{1,3}))?$/.exec(text);
    if (!found || Number(found[1]) > 255 || Number(found[2] ?? 0) > 255) refuse(`an ICMP type ${text}`);
    return {type: Number(found[1]), code: found[2] === undefined ? null : Number(found[2])};
  });
}

function addressesOf(given, {local}) {
  const list = listOf(given);
  if (!list) return null;
  if (list.length > most) refuse('more than 1,000 addresses');
  return list.map((text) => {
    const keyword = address_keywords.find((word) => new RegExp(`^${word}[46]?$`, 'i').test(text));
    if (keyword) {
      if (local) refuse(`the keyword ${text}`);
      return {keyword: text};
    }
    const range = addresses.range(text);
    if (range.problem) refuse(`${text}: ${range.problem}`);
    // The documents leave open what becomes of bits below a prefix: what is meant for them must not have any.
    if (range.loose) refuse(`${text}: bits below the prefix`);
    if (range.family === 6 && (range.low <= 1n || range.high <= 1n)) refuse(`${text}: an end that is :: or ::1`);
    return range;
  });
}

/** A rule of these parameters (of New-NetFirewallRule); refused where Windows refuses it. */
function make(given) {
  const text = (name, most_characters) => {
    const value = given[name];
    if (value === undefined || value === null) return null;
    if (value.includes('|')) refuse(`| in ${name}`);
    if (value.length < 1 || value.length > most_characters) refuse(`the length of ${name}`);
    return value;
  };
  const direction = given.Direction?.word ?? 'Inbound';
  const protocol = protocolOf(given.Protocol);
  const rule = {
    name: text('Name', 511) ?? `{random-${Math.random()}}`,
    display_name: text('DisplayName', 9999),
    description: text('Description', 9999),
    group: text('Group', 9999),
    enabled: (given.Enabled?.word ?? 'True') === 'True',
    direction,
    action: given.Action?.word ?? 'Allow',
    profiles: given.Profile?.number ?? 0,
    edge: given.EdgeTraversalPolicy?.word ?? 'Block',
    protocol,
    local_ports: portsOf(given.LocalPort, protocol, {local: true, direction}),
    remote_ports: portsOf(given.RemotePort, protocol, {local: false, direction}),
    icmp: icmpOf(given.IcmpType, protocol),
    local: addressesOf(given.LocalAddress, {local: true}),
    remote: addressesOf(given.RemoteAddress, {local: false}),
    program: text('Program', 259),
    service: text('Service', 259),
    package: text('Package', 9999),
    interfaces: given.InterfaceAlias ?? null,
    interface_type: given.InterfaceType?.number ?? 0,
    authentication: given.Authentication?.word ?? 'NotRequired',
    override: given.OverrideBlockRules ?? false,
    local_user: given.LocalUser ?? null,
    store: 'PersistentStore',
  };
  check(rule);
  return rule;
}

function check(rule) {
  if (rule.display_name === null) throw new PowerShellError("Cannot bind argument to parameter 'DisplayName'.");
  if (rule.display_name.toLowerCase() === 'all') refuse('a display name All');
  if (!['Allow', 'Block'].includes(rule.action)) refuse('the action');
  if (rule.edge !== 'Block' && rule.direction !== 'Inbound') refuse('edge traversal of what goes out');
  if (rule.action === 'Block' && rule.authentication !== 'NotRequired') refuse('a block with authentication');
  if (rule.override && rule.authentication === 'NotRequired') refuse('an override without authentication');
  if (rule.interfaces && rule.local) refuse('an interface with a local address');
  // Of this the documents say nothing; such a rule matches no packet, so that nobody should make it.
  if (rule.local && rule.remote) {
    const families = (list) => new Set(list.map((one) => one.family ?? 0));
    const [a, b] = [families(rule.local), families(rule.remote)];
    if (!a.has(0) && !b.has(0) && ![...a].some((family) => b.has(family)))
      refuse('no family that both addresses are of');
  }
}

// ---- reading back

/** Windows keeps sets: what comes back need not be in the order it was given in. */
function shuffled(list) {
  return [...list].reverse();
}

function protocolText(rule) {
  const word = {6: 'TCP', 17: 'UDP', 1: 'ICMPv4', 58: 'ICMPv6'}[rule.protocol];
  return rule.protocol === null ? 'Any' : (word ?? String(rule.protocol));
}

function portTexts(list) {
  return list === null
    ? ['Any']
    : shuffled(list).map((p) => p.keyword ?? (p.low === p.high ? String(p.low) : `${p.low}-${p.high}`));
}

function icmpTexts(list) {
  return list === null
    ? ['Any']
    : shuffled(list).map((i) => (i.code === null ? String(i.type) : `${i.type}:${i.code}`));
}

function addressTexts(list) {
  return list === null ? ['Any'] : shuffled(list).map(addressText);
}

function addressText(one) {
  if (one.keyword) return one.keyword;
  const low = addresses.show({family: one.family, value: one.low});
  if (one.low === one.high) return low;
  if (one.length === undefined) return `${low}-${addresses.show({family: one.family, value: one.high})}`;
  if (one.family === 6) return `${low}/${one.length}`;
  return `${low}/${addresses.show({family: 4, value: addresses.top(4) ^ ((1n << BigInt(32 - one.length)) - 1n)})}`;
}

// ---- matching

/** Of a packet {direction, family, protocol, local, remote, local_port, remote_port, type, code, profile}. Keywords,
    programs and the like match nothing here: the packets of the tests come from nowhere in particular. */
function matches(rule, packet) {
  return (
    rule.direction === packet.direction &&
    (rule.profiles === 0 || (rule.profiles & packet.profile) !== 0) &&
    (rule.protocol === null || rule.protocol === packet.protocol) &&
    !rule.program &&
    !rule.service &&
    !rule.package &&
    !rule.interfaces &&
    !rule.interface_type &&
    !rule.local_user &&
    inRanges(rule.local, packet.local, packet.family) &&
    inRanges(rule.remote, packet.remote, packet.family) &&
    inPorts(rule.local_ports, packet.local_port) &&
    inPorts(rule.remote_ports, packet.remote_port) &&
    (rule.icmp === null || rule.icmp.some((i) => i.type === packet.type && (i.code === null || i.code === packet.code)))
  );
}

function inRanges(list, value, family) {
  return list === null || list.some((one) => one.family === family && one.low <= value && value <= one.high);
}

function inPorts(list, port) {
  return list === null || list.some((one) => one.low <= port && port <= one.high);
}

module.exports = {make, matches, protocolText, portTexts, icmpTexts, addressTexts};
