// Are the parameters of every call those that its cmdlet takes? What is splatted is followed to the table in the same
// function.
'use strict';
const {Enum} = require('./values');
const {nodesOf, literal} = require('./walk');
const schema = require('./schema');

function problemsOfCalls(tree) {
  const problems = [];
  const functions = new Map();
  for (const [node] of nodesOf(tree)) if (node.kind === 'function') functions.set(node.name.toLowerCase(), node);
  for (const [node, within] of nodesOf(tree)) {
    if (node.kind !== 'command' || node.invoked) continue;
    const note = (what) => problems.push(`line ${node.line}: ${node.name}: ${what}`);
    const own = functions.get(node.name.toLowerCase());
    if (own) problemsOfOwn(node, own, note);
    else if (schema.find(node.name)) problemsOfCmdlet(node, within, schema.find(node.name), note, tree);
  }
  return problems;
}

/** A call of a function of the script. */
function problemsOfOwn(node, own, note) {
  for (const element of node.elements) {
    if (element.splat) note('a splat for an own function');
    else if (!element.parameter) note('an argument without its name');
    else if (!own.params.some((param) => param.name === element.parameter.toLowerCase()))
      note(`no parameter -${element.parameter}`);
  }
}

function problemsOfCmdlet(node, within, cmdlet, note, tree) {
  const given = new Map();
  let positional = 0;
  for (const element of node.elements) {
    if (element.splat) {
      const table = tableOf(element.splat, within ? within.body : tree.body);
      if (table.problem) note(table.problem);
      else for (const [key, value] of table.keys) given.set(key, value);
    } else if (element.parameter) {
      given.set(element.parameter, element.value ? literal(element.value) : true);
    } else {
      ++positional;
    }
  }
  const places = Object.entries(cmdlet.parameters)
    .filter(([key, made]) => made.position !== undefined && !given.has(key))
    .sort(([, a], [, b]) => a.position - b.position);
  for (const [key] of places.slice(0, positional)) given.set(key, undefined);
  const problem = schema.problemOf(cmdlet, [...given.keys()]);
  if (problem) note(problem);
  for (const [key, value] of given) problemsOfValue(cmdlet, key, value, note);
  problemsOfUse(node, cmdlet, given, note);
}

/** A word of an enumeration or of a type, where it is written out. */
function problemsOfValue(cmdlet, key, value, note) {
  const made = schema.parameter(cmdlet, key);
  if (!made || value === undefined) return;
  const type = made.type.replace('[]', '');
  if (type in schema.enumerations) {
    for (const one of [value].flat()) {
      if (typeof one !== 'string' || !Enum.of(schema.enumerations[type], one)) note(`-${key} does not take \`${one}\``);
    }
  } else if (type === 'Boolean' && typeof value !== 'boolean') {
    note(`-${key} takes $true or $false`);
  } else if (type === 'String' && typeof value === 'boolean') {
    note(`-${key} takes a text`);
  }
}

function problemsOfUse(node, cmdlet, given, note) {
  const names = [...given.keys()].map((key) => key.toLowerCase());
  if (cmdlet.module !== 'core' && !names.includes('erroraction'))
    note('no -ErrorAction: it does not see what the script prefers');
  if (node.name === 'New-NetFirewallRule') {
    for (const name of ['Name', 'Group', 'PolicyStore', 'Profile', 'Direction', 'Action', 'Protocol']) {
      if (!names.includes(name.toLowerCase())) note(`no -${name}`);
    }
  }
  // Without a choice these mean every rule there is.
  if (/^(Set|Remove)-NetFirewallRule$/.test(node.name) && !names.includes('name') && !names.includes('inputobject'))
    note('no choice of rules');
}

/** The keys that a hashtable of this name gets in these statements, with their values where they are literals. */
function tableOf(name, body) {
  const key = name.toLowerCase();
  const keys = new Map();
  let made = 0;
  for (const [node] of nodesOf(body)) {
    if (node.kind !== 'assign') continue;
    const {target} = node;
    if (target.kind === 'variable' && target.name === key) {
      const table = node.value.kind === 'value' ? node.value.value : node.value;
      if (table.kind !== 'hashtable') return {problem: `@${name} is something else than a table written out`};
      ++made;
      for (const entry of table.entries) keys.set(literal(entry.key), literal(entry.value));
    } else if (target.of?.kind === 'variable' && target.of.name === key) {
      const added = target.kind === 'member' ? [target.name] : keysOf(target.at, body);
      if (!added) return {problem: `@${name} gets a key that is not known`};
      for (const one of added) if (!keys.has(one)) keys.set(one, undefined);
    }
  }
  if (made !== 1) return {problem: `@${name} is made ${made} times in this function`};
  return {keys};
}

/** What an index may be: a literal, or a loop's variable over literals. The keys of a parameter are not known: none
    then. */
function keysOf(node, body) {
  const value = literal(node);
  if (typeof value === 'string') return [value];
  if (node.kind !== 'variable') return null;
  for (const [loop] of nodesOf(body)) {
    if (loop.kind !== 'foreach' || loop.name.name !== node.name) continue;
    const over = literal(loop.over);
    if (Array.isArray(over)) return over;
    const keys = loop.over.kind === 'value' && loop.over.value.kind === 'member' && loop.over.value.name === 'Keys';
    return keys ? [] : null;
  }
  return null;
}

module.exports = {problemsOfCalls};
