// How arguments find their parameters, for the functions of a script.
'use strict';
const {PowerShellError, Unsupported, Switch, itemsOf, toText, toNumber, convert} = require('./values');

const defaults = {string: '', bool: false, boolean: false, int: 0, long: 0n};

/** Sets the parameters in `scope`: by name, by place, by default. `named` has lower-case names. */
function bind(interpreter, params, named, positional, scope, whose) {
  let used = 0,
    place = 0;
  for (const param of params) {
    const name = param.name;
    let value;
    if (named.has(name)) {
      ++used;
      value = accept(interpreter, param, named.get(name), scope);
    } else if (place < positional.length && param.type !== 'switch') {
      value = accept(interpreter, param, positional[place++], scope);
    } else {
      value = absent(interpreter, param, scope, whose);
    }
    scope.variables.set(name, value);
    // A parameter keeps its type for what is assigned to it later.
    if (param.type && param.type !== 'switch') scope.types.set(name, param.type);
  }
  if (used < named.size) {
    const unknown = [...named.keys()].find((name) => !params.some((param) => param.name === name));
    throw new PowerShellError(`A parameter cannot be found that matches parameter name '${unknown}'.`);
  }
  if (place < positional.length) {
    throw new PowerShellError(
      `A positional parameter cannot be found that accepts argument '${toText(positional[place])}' (${whose}).`,
    );
  }
}

function absent(interpreter, param, scope, whose) {
  if (flag(param, 'mandatory'))
    throw new Unsupported(`${whose}: nothing is given for -${param.name}: PowerShell would ask`);
  if (param.fallback) return typed(param, interpreter.expression(param.fallback)(scope));
  const type = param.type;
  if (type === 'switch') return new Switch(false);
  return type in defaults ? defaults[type] : null;
}

function typed(param, value) {
  if (!param.type) return value ?? null;
  try {
    return convert(param.type, value);
  } catch (problem) {
    if (problem instanceof PowerShellError) {
      throw new PowerShellError(
        `Cannot process argument transformation on parameter '${param.name}'. ${problem.message}`,
      );
    }
    throw problem;
  }
}

function flag(param, name) {
  return param.attributes.some(
    (a) =>
      a.attribute === 'parameter' &&
      name in a.values &&
      (a.values[name] === null || a.values[name].name === 'true' || a.values[name].value === true),
  );
}

function allows(param, what) {
  return param.attributes.some((a) => a.attribute === what);
}

function accept(interpreter, param, given, scope) {
  const type = param.type;
  if (type === 'string' && itemsOf(given))
    throw new PowerShellError(
      `Cannot process argument transformation on parameter '${param.name}'. Cannot convert value to type System.String.`,
    );
  if (type === 'switch' && !(given instanceof Switch) && typeof given !== 'boolean') {
    throw new PowerShellError(`Cannot convert value to a switch for parameter '${param.name}'.`);
  }
  const value = typed(param, given);
  if (flag(param, 'mandatory')) refuseEmpty(param, value);
  for (const attribute of param.attributes) validate(interpreter, param, attribute, value, scope);
  return value;
}

/** What is mandatory takes neither null nor what is empty, unless it says so. */
function refuseEmpty(param, value) {
  const refuse = (what) => {
    throw new PowerShellError(`Cannot bind argument to parameter '${param.name}' because it is ${what}.`);
  };
  const one = (item) => {
    if (item === null && !allows(param, 'allownull')) refuse('null');
    if (item === '' && !allows(param, 'allowemptystring')) refuse('an empty string');
  };
  const items = itemsOf(value);
  if (!items) return one(value);
  if (items.length === 0 && !allows(param, 'allowemptycollection')) refuse('an empty array');
  if (param.type?.endsWith('[]')) items.forEach(one);
  return undefined;
}

function validate(interpreter, param, attribute, value, scope) {
  const kind = attribute.attribute;
  const given = attribute.positional.map((node) => interpreter.expression(node)(scope));
  const refuse = () => {
    throw new PowerShellError(`Cannot validate argument on parameter '${param.name}': ${attribute.attribute}.`);
  };
  if (kind === 'validateset') {
    for (const item of itemsOf(value) ?? [value]) {
      if (!given.some((word) => word.toLowerCase() === toText(item).toLowerCase())) refuse();
    }
  } else if (kind === 'validatenotnullorempty') {
    if (value === null || value === '' || itemsOf(value)?.length === 0) refuse();
  } else if (kind === 'validaterange') {
    if (Number(toNumber(value)) < given[0] || Number(toNumber(value)) > given[1]) refuse();
  } else if (!['parameter', 'allownull', 'allowemptystring', 'allowemptycollection'].includes(kind)) {
    throw new Unsupported(`the attribute [${attribute.attribute}]`);
  }
}

module.exports = {bind};
