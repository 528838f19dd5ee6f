// Does the data of a script keep to its form, and would Windows take every rule of it?
'use strict';
const addresses = require('./addresses');
const {nameOf} = require('./script');
const rules = require('./rules');
const {Enum, PowerShellError} = require('./values');
const {enumerations} = require('./schema');

const keys = [
  'Name',
  'DisplayName',
  'Description',
  'Direction',
  'Action',
  'Protocol',
  'LocalPort',
  'RemotePort',
  'IcmpType',
  'LocalAddress',
  'RemoteAddress',
];
const required = ['Name', 'DisplayName', 'Description', 'Direction', 'Action', 'Protocol'];
const words = {Direction: ['Inbound', 'Outbound'], Action: ['Allow', 'Block']};
const lists = ['LocalPort', 'RemotePort', 'IcmpType', 'LocalAddress', 'RemoteAddress'];

function problemsOfData({defaults, log, rules: list}) {
  const problems = [];
  problems.push(...problemsOfWords('$PolicyDefaults', defaults, ['Inbound', 'Outbound'], ['Block', 'Allow']));
  problems.push(...problemsOfWords('$PolicyLog', log, ['LogAllowed', 'LogBlocked'], ['True', 'False']));
  if (!Array.isArray(list)) return [...problems, '$PolicyRules is no list'];
  const names = new Set();
  list.forEach((rule, at) => {
    const note = (what) => problems.push(`rule ${at + 1} (${rule.DisplayName}): ${what}`);
    problemsOfRule(rule, note);
    if (names.has(rule.Name)) note('its name is there twice');
    names.add(rule.Name);
    if (!(rule.Direction in defaults)) note('it is of a direction without a default');
  });
  return problems;
}

function problemsOfWords(name, table, known, values) {
  return Object.entries(table)
    .filter(([key, value]) => !known.includes(key) || !values.includes(value))
    .map(([key, value]) => `${name}: ${key} = ${value}`);
}

function problemsOfRule(rule, note) {
  const given = Object.keys(rule);
  const unknown = given.find((key) => !keys.includes(key));
  if (unknown) return note(`the key ${unknown}`);
  const missing = required.find((key) => !given.includes(key));
  if (missing) return note(`no ${missing}`);
  if (given.join() !== keys.filter((key) => given.includes(key)).join())
    note(`the order of its keys: ${given.join(', ')}`);
  for (const key of given) {
    if (lists.includes(key) !== Array.isArray(rule[key]))
      return note(`${key} is no ${lists.includes(key) ? 'list' : 'text'}`);
    if ([rule[key]].flat().some((one) => typeof one !== 'string')) return note(`${key} has something else than texts`);
    if (key in words && !words[key].includes(rule[key])) return note(`${key} is ${rule[key]}`);
  }
  // Windows takes an empty list for no condition: that would be a wider rule.
  for (const key of lists) if (rule[key]?.length === 0) note(`${key} is an empty list`);
  if (rule.Name !== nameOf(rule)) note(`its name is not ${nameOf(rule)}`);
  problemsOfEntries(rule, note);
  problemsOfMaking(rule, note);
  return undefined;
}

/** What Windows would take, but these scripts do not say. */
function problemsOfEntries(rule, note) {
  if (/^(6|17|1|58|256)$/.test(rule.Protocol) || !/^(TCP|UDP|ICMPv4|ICMPv6|Any|\d+)$/.test(rule.Protocol))
    note(`the protocol ${rule.Protocol}`);
  for (const key of ['LocalPort', 'RemotePort']) {
    for (const entry of rule[key] ?? [])
      if (!/^\d+(-\d+)?$/.test(entry) || /^(\d+)-\1$/.test(entry)) note(`the port ${entry}`);
  }
  for (const key of ['LocalAddress', 'RemoteAddress']) {
    for (const entry of rule[key] ?? []) {
      const range = addresses.range(entry);
      if (range.problem) note(`${entry}: ${range.problem}`);
      else if (entry !== spelt(range, entry)) note(`${entry} is not spelt as ${spelt(range, entry)}`);
    }
  }
}

/** One spelling for each range, so that a name stands for one rule. */
function spelt(range, entry) {
  const show = (value) => addresses.show({family: range.family, value});
  if (range.low === range.high) return show(range.low);
  return entry.includes('/') ? `${show(range.low)}/${range.length}` : `${show(range.low)}-${show(range.high)}`;
}

/** What New-NetFirewallRule makes of it. */
function problemsOfMaking(rule, note) {
  try {
    made(rule);
  } catch (problem) {
    if (!(problem instanceof PowerShellError)) throw problem;
    note(problem.message);
  }
}

/** The rule as the firewall holds it. */
function made(rule) {
  const typed = {...rule};
  for (const key of ['Direction', 'Action']) typed[key] = Enum.of(enumerations[key], rule[key]);
  return rules.make(typed);
}

module.exports = {problemsOfData, made};
