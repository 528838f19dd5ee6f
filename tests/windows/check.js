// Is a script what portpolicy promises of it: in its bytes, its layout, its grammar, its commands and its data? Every
// check gives a list of problems, which is empty for a good script.
'use strict';
const syntax = require('./syntax');
const script = require('./script');
const {nodesOf, literal} = require('./walk');
const {problemsOfCalls} = require('./check_calls');
const {problemsOfData} = require('./check_data');
const schema = require('./schema');

const fixed_members = new Set(['system.net.ipaddress::parse', 'string::isnullorempty', 'system.io.file::writealltext']);
const data_variables = ['policydefaults', 'policylog', 'policyrules'];

// ---- bytes and layout

/** `bytes` is a Buffer. */
function problemsOfBytes(bytes) {
  const problems = [];
  const text = bytes.toString('latin1');
  const odd = /[^\x20-\x7e\r\n]/.exec(text);
  if (odd) problems.push(`byte ${odd.index}: 0x${odd[0].charCodeAt(0).toString(16)} is no printable ASCII character`);
  if (/\r(?!\n)|(^|[^\r])\n/.test(text)) problems.push('an end of line that is not CR LF');
  if (!text.endsWith('\r\n')) problems.push('no end of line at the end');
  return problems;
}

/** Splits a script into its parts; a string says what is wrong. */
function layout(text) {
  const lines = text.split('\r\n');
  const head_length = script.part('head.ps1').split('\n').length - 1;
  const [begin, end] = [script.begin, script.end].map((marker) => lines.indexOf(marker));
  for (const marker of [script.begin, script.end]) {
    if (lines.filter((line) => line === marker).length !== 1) return `\`${marker}\` must stand there once`;
  }
  if (end < begin || begin < head_length) return 'the marks of the policy are not where they belong';
  return {
    header: lines.slice(0, begin - head_length),
    head: lines.slice(begin - head_length, begin),
    data: lines.slice(begin + 1, end),
    engine: lines.slice(end + 1),
  };
}

function problemsOfLayout(text) {
  const parts = layout(text);
  if (typeof parts === 'string') return [parts];
  const problems = [];
  if (`${parts.head.join('\n')}\n` !== script.part('head.ps1'))
    problems.push('the head is not that of the repository');
  if (parts.engine.join('\n') !== script.engine())
    problems.push('the engine is not that of the repository');
  parts.header.forEach((line, at) => {
    if (!line.startsWith('#')) problems.push(`line ${at + 1}: a header line that is no comment`);
    if (/^#\s*requires/i.test(line)) problems.push(`line ${at + 1}: #Requires in the header`);
    if (/^# SIG #/i.test(line)) problems.push(`line ${at + 1}: what looks like a signature`);
  });
  if (parts.header.length === 0) problems.push('no header');
  if (/<#|#>/.test(parts.header.join('\n'))) problems.push('a block comment in the header');
  parts.data.forEach((line) => {
    // A list is broken where it is too long; a text cannot be.
    if (line.length > 120 && !/^ +(DisplayName|Description) = /.test(line))
      problems.push(`a line of ${line.length} characters in the data: ${line.slice(0, 40)}...`);
    if (/^( {4})* ?\S/.exec(line) === null || /\s$/.test(line)) problems.push(`spaces: ${line}`);
  });
  return problems;
}

// ---- the subset

function problemsOfSubset(tree) {
  const problems = [];
  const note = (node, what) => problems.push(`line ${node.line}: ${what}`);
  const functions = new Map();
  for (const [node] of nodesOf(tree)) {
    if (node.kind !== 'function') continue;
    if (functions.has(node.name.toLowerCase())) note(node, `the function ${node.name} twice`);
    if (schema.find(node.name)) note(node, `the function ${node.name} hides a cmdlet`);
    functions.set(node.name.toLowerCase(), node);
  }
  for (const [node, within] of nodesOf(tree)) {
    if (node.kind === 'function' && within) note(node, 'a function in a function');
    if (node.kind === 'command') problemsOfCommand(node, functions, note);
    if (node.kind === 'type' || (node.kind === 'variable' && node.scope === 'env')) continue;
    if ((node.kind === 'member' || node.kind === 'call') && node.fixed) {
      const name = `${node.of.name}::${node.name}`.toLowerCase();
      if (node.of.kind !== 'type' || !fixed_members.has(name))
        note(node, `\`${name}\` is not among the members that scripts use`);
    }
    if (node.kind === 'assign' && data_variables.includes(node.target.name) && within)
      note(node, `a function sets $${node.target.name}`);
  }
  if (!sets(tree, 'erroractionpreference', 'Stop')) problems.push("$ErrorActionPreference is not 'Stop'");
  if (!tree.body.some((node) => node.kind === 'command' && node.name === 'Set-StrictMode'))
    problems.push('no Set-StrictMode');
  return problems;
}

function problemsOfCommand(node, functions, note) {
  if (node.invoked) {
    if (!schema.programs.includes(node.name.toLowerCase())) note(node, `the program \`${node.name}\``);
  } else if (!functions.has(node.name.toLowerCase()) && !schema.find(node.name)) {
    note(node, `\`${node.name}\` is not among the commands that scripts use`);
  }
}

function sets(tree, name, value) {
  return tree.body.some((node) => node.kind === 'assign' && node.target.name === name && literal(node.value) === value);
}

/** The values of the three tables of the policy; a string says what is wrong. */
function dataOf(tree) {
  const values = {};
  for (const node of tree.body) {
    if (node.kind !== 'assign' || !data_variables.includes(node.target.name)) continue;
    if (node.target.name in values) return `line ${node.line}: $${node.target.name} is set twice`;
    const value = literal(node.value);
    if (value === undefined || hasDoubleQuotes(node.value))
      return `line ${node.line}: something else than a literal in the data`;
    values[node.target.name] = value;
  }
  const missing = data_variables.find((name) => !(name in values));
  return missing
    ? `no $${missing}`
    : {defaults: values.policydefaults, log: values.policylog, rules: values.policyrules};
}

function hasDoubleQuotes(node) {
  for (const [inner] of nodesOf(node)) if (inner.kind === 'expandable') return true;
  return false;
}

// ---- all of it

/** All problems of a script. */
function problemsOf(bytes) {
  const text = bytes.toString('latin1');
  const problems = [...problemsOfBytes(bytes), ...problemsOfLayout(text)];
  const tree = treeOf(text, problems);
  if (!tree) return problems;
  const data = dataOf(tree);
  problems.push(...problemsOfSubset(tree), ...problemsOfCalls(tree));
  problems.push(...(typeof data === 'string' ? [data] : problemsOfData(data)));
  return problems;
}

/** Of a script without data. */
function problemsOfTool(bytes) {
  const problems = problemsOfBytes(Buffer.from(bytes.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1'));
  const tree = treeOf(bytes.toString('latin1'), problems);
  return tree ? [...problems, ...problemsOfSubset(tree), ...problemsOfCalls(tree)] : problems;
}

function treeOf(text, problems) {
  try {
    return syntax.read(text);
  } catch (problem) {
    if (!(problem instanceof syntax.Outside)) throw problem;
    problems.push(problem.message);
    return null;
  }
}

module.exports = {problemsOf, problemsOfTool, dataOf};
