// What cmdlets take: cmdlets.json, and the choice of a parameter set as PowerShell makes it.
'use strict';
const {PowerShellError, Unsupported, Switch, Enum, PSObject, itemsOf, toText, toArray, convert} = require('./values');
const {enumerations, cmdlets, programs} = require('./cmdlets.json');

const common = new Set(['erroraction', 'verbose', 'warningaction']);
const asking = new Set(['whatif', 'confirm']);
const by_name = new Map(Object.entries(cmdlets).map(([name, made]) => [name.toLowerCase(), made]));

function find(name) {
  return by_name.get(name.toLowerCase());
}

/** The common parameters that a cmdlet takes besides its own. */
function commonOf(cmdlet) {
  return cmdlet.changes ? new Set([...common, ...asking]) : common;
}

/** Its parameters in the form that binding asks for. */
function parametersOf(cmdlet) {
  return Object.entries(cmdlet.parameters).map(([name, made]) => ({
    name,
    type: made.type === 'SwitchParameter' ? 'switch' : made.type,
  }));
}

/** What is wrong with a call that gives these parameters; nothing where it is right. */
function problemOf(cmdlet, names) {
  const own = names.filter((name) => !commonOf(cmdlet).has(name.toLowerCase()));
  const unknown = own.find((name) => !parameter(cmdlet, name));
  if (unknown) return `A parameter cannot be found that matches parameter name '${unknown}'.`;
  let sets = cmdlet.sets;
  for (const name of own) {
    const made = parameter(cmdlet, name);
    if (made.sets) sets = sets.filter((set) => made.sets.includes(set));
  }
  if (sets.length === 0) return 'Parameter set cannot be resolved using the specified named parameters.';
  const lacks = (set) =>
    Object.entries(cmdlet.parameters).filter(
      ([name, made]) =>
        made.mandatory &&
        (made.sets ?? cmdlet.sets).includes(set) &&
        !own.some((given) => given.toLowerCase() === name.toLowerCase()),
    );
  const full = sets.filter((set) => lacks(set).length === 0);
  if (full.length === 0) return `The parameter '${lacks(sets[0])[0]?.[0]}' is mandatory: PowerShell would ask.`;
  if (full.length > 1 && !full.includes(cmdlet.default))
    return 'Parameter set cannot be resolved using the specified named parameters.';
  return null;
}

function parameter(cmdlet, name) {
  const key = Object.keys(cmdlet.parameters).find((known) => known.toLowerCase() === name.toLowerCase());
  return key && cmdlet.parameters[key];
}

/** A value as the parameter's type takes it. */
function typed(type, value, name) {
  const refuse = () => {
    throw new PowerShellError(
      `Cannot bind parameter '${name}'. Cannot convert value "${shown(value)}" to type "${type}".`,
    );
  };
  if (type.endsWith('[]')) {
    if (value === null) return null;
    return toArray(value).map((item) => typed(type.slice(0, -2), item, name));
  }
  if (type in enumerations)
    return Enum.of(enumerations[type], Array.isArray(value) ? value.map(toText).join(',') : value) ?? refuse();
  const makers = {
    String: () => (itemsOf(value) ? refuse() : toText(value)),
    WildcardPattern: () => toText(value),
    Version: () => toText(value),
    Boolean: () => (typeof value === 'boolean' ? value : refuse()),
    switch: () => value,
    SwitchParameter: () => value,
    Int32: () => convert('int', value),
    UInt16: () => convert('uint16', value),
    CimInstance: () => (value instanceof PSObject && value.kind ? value : refuse()),
    Object: () => value,
  };
  if (!makers[type]) throw new Unsupported(`a value of type ${type} (-${name})`);
  return makers[type]();
}

function shown(value) {
  try {
    return toText(value);
  } catch {
    return 'an object';
  }
}

/** The arguments of a call by the parameters' own names, converted; positions filled. An error as PowerShell gives it.
 */
function bindTo(cmdlet, name, named, positional) {
  const given = {};
  for (const [key, value] of named) if (!commonOf(cmdlet).has(key.toLowerCase())) given[key] = value;
  const places = Object.entries(cmdlet.parameters)
    .filter(([key, made]) => made.position !== undefined && !(key in given))
    .sort(([, a], [, b]) => a.position - b.position);
  for (const value of positional) {
    const place = places.shift();
    if (!place)
      throw new PowerShellError(
        `A positional parameter cannot be found that accepts argument '${shown(value)}' (${name}).`,
      );
    given[place[0]] = value;
    while (places.length > 0 && places[0][1].position === place[1].position) places.shift();
  }
  const problem = problemOf(cmdlet, [
    ...Object.keys(given),
    ...[...named.keys()].filter((key) => commonOf(cmdlet).has(key.toLowerCase())),
  ]);
  if (problem) throw new PowerShellError(`${name}: ${problem}`);
  for (const [key, value] of Object.entries(given)) {
    const type = parameter(cmdlet, key).type;
    if (parameter(cmdlet, key).mandatory && (value === null || value === '' || itemsOf(value)?.length === 0)) {
      throw new PowerShellError(`Cannot bind argument to parameter '${key}' because it is null or empty.`);
    }
    given[key] = value instanceof Switch && type !== 'Object' ? value.present : typed(type, value, key);
  }
  return given;
}

module.exports = {find, commonOf, parametersOf, parameter, problemOf, bindTo, enumerations, programs, cmdlets};
