// Scripts put together by hand: head, data and engine, in the form that docs/windows.md gives. Made without the
// program, so that the engine is tested over data that the program would perhaps never write.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const begin = '# portpolicy: begin of the policy';
const end = '# portpolicy: end of the policy';
const folder = process.env.PORTPOLICY_WINDOWS_PARTS ?? path.join(__dirname, '../../backends/windows/script');
const texts = ['DisplayName', 'Description'];
const conditions = ['Protocol', 'LocalPort', 'RemotePort', 'IcmpType', 'LocalAddress', 'RemoteAddress'];

function part(name) {
  return fs.readFileSync(path.join(folder, name), 'latin1');
}

/** All of `engine`, with an empty line between its files. */
function engine() {
  return fs
    .readdirSync(path.join(folder, 'engine'))
    .sort()
    .map((name) => part(path.join('engine', name)))
    .join('\n');
}

/** The name that a rule gets: a hash of what it says. */
function nameOf(rule) {
  const lines = ['Direction', 'Action', ...conditions]
    .filter((key) => rule[key] !== undefined)
    .map((key) => `${key}=${[rule[key]].flat().join(',')}\n`);
  return `portpolicy-${crypto.createHash('sha256').update(lines.join('')).digest('hex').slice(0, 16)}`;
}

/** `TCP allow in 22`-like short hands would hide what is tested: a rule is written out, but for its name. */
function rule(values) {
  const given = {
    DisplayName: 'a rule',
    Description: 'policy.yaml:1',
    Direction: 'Inbound',
    Action: 'Allow',
    Protocol: 'Any',
    ...values,
  };
  return {Name: nameOf(given), ...given};
}

function quoted(text) {
  return `'${text.replace(/'/g, "''")}'`;
}

function table(values, indent) {
  const lines = Object.entries(values).map(([key, value]) => {
    const text = Array.isArray(value) ? `@(${value.map(quoted).join(', ')})` : quoted(value);
    return `${indent}    ${key} = ${text}\n`;
  });
  return `@{\n${lines.join('')}${indent}}`;
}

function data({defaults = {}, log = {}, rules = []}) {
  const ordered = rules.map((one) =>
    Object.fromEntries(
      ['Name', ...texts, 'Direction', 'Action', ...conditions]
        .filter((key) => one[key] !== undefined)
        .map((key) => [key, one[key]]),
    ),
  );
  const list = ordered.map((one) => `    ${table(one, '    ')}\n`).join('');
  return `${begin}\n$PolicyDefaults = ${table(defaults, '')}\n$PolicyLog = ${table(log, '')}\n$PolicyRules = @(\n${list})\n${end}\n`;
}

/** The bytes of a script for this policy; `change` may break the engine on purpose. */
function assemble(policy, change = (engine) => engine) {
  const text = `# Rules of a test.\n${part('head.ps1')}${data(policy)}${change(engine())}`;
  return text.replace(/\r?\n/g, '\r\n');
}

module.exports = {assemble, data, rule, nameOf, begin, end, part, engine};
