// How arguments find their parameters, for the functions of a script.
'use strict';
const {PowerShellError, Unsupported, Switch, Hashtable, itemsOf, toText, toNumber, convert} = require('./values');

const defaults = {string: '', bool: false, boolean: false, int: 0, long: 0n};

/** Sets the parameters in `scope`: by name, by place, by default. */
function bind(interpreter, params, named, positional, scope, whose) {
  const left = [...positional];
  const lower = new Map([...named].map(([name, value]) => [name.toLowerCase(), value]));
  const bound = new Hashtable();
  for (const param of params) {
    const name = param.name.toLowerCase();
    let value;
    if (lower.has(name)) value = lower.get(name);
    else if (left.length > 0 && param.type?.toLowerCase() !== 'switch') value = left.shift();
    else {
      value = absent(interpreter, param, scope, whose);
      scope.variables.set(name, value);
      remember(scope, param);
      continue;
    }
    lower.delete(name);
    value = accept(interpreter, param, value, scope);
    bound.set(param.name, value);
    scope.variables.set(name, value);
    remember(scope, param);
  }
  if (lower.size > 0) throw new PowerShellError(`A parameter cannot be found that matches parameter name '${[...lower.keys()][0]}'.`);
  if (left.length > 0) throw new PowerShellError(`A positional parameter cannot be found that accepts argument '${toText(left[0])}' (${whose}).`);
  scope.variables.set('psboundparameters', bound);
}

/** A parameter keeps its type for what is assigned to it later. */
function remember(scope, param) {
  if (param.type && param.type.toLowerCase() !== 'switch') scope.types.set(param.name.toLowerCase(), param.type);
}

function absent(interpreter, param, scope, whose) {
  if (flag(param, 'mandatory')) throw new Unsupported(`${whose}: nothing is given for -${param.name}: PowerShell would ask`);
  if (param.fallback) return typed(param, interpreter.expression(param.fallback)(scope));
  const type = param.type?.toLowerCase();
  if (type === 'switch') return new Switch(false);
  return type in defaults ? defaults[type] : null;
}

function typed(param, value) {
  if (!param.type) return value ?? null;
  try {
    return convert(param.type, value);
  } catch (problem) {
    if (problem instanceof PowerShellError) {
      throw new PowerShellError(`Cannot process argument transformation on parameter '${param.name}'. ${problem.message}`);
    }
    throw problem;
  }
}

function flag(param, name) {
  return param.attributes.some((a) => a.attribute.toLowerCase() === 'parameter' && name in a.values
    && (a.values[name] === null || a.values[name].name === 'true' || a.values[name].value === true));
}

function allows(param, what) {
  return param.attributes.some((a) => a.attribute.toLowerCase() === what.toLowerCase());
}

function accept(interpreter, param, given, scope) {
  const type = param.type?.toLowerCase();
  if (type === 'string' && itemsOf(given)) throw new PowerShellError(`Cannot process argument transformation on parameter '${param.name}'. Cannot convert value to type System.String.`);
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
  const refuse = (what) => { throw new PowerShellError(`Cannot bind argument to parameter '${param.name}' because it is ${what}.`); };
  const one = (item) => {
    if (item === null && !allows(param, 'AllowNull')) refuse('null');
    if (item === '' && !allows(param, 'AllowEmptyString')) refuse('an empty string');
  };
  const items = itemsOf(value);
  if (!items) return one(value);
  if (items.length === 0 && !allows(param, 'AllowEmptyCollection')) refuse('an empty array');
  if (param.type?.endsWith('[]')) items.forEach(one);
  return undefined;
}

function validate(interpreter, param, attribute, value, scope) {
  const kind = attribute.attribute.toLowerCase();
  const given = attribute.positional.map((node) => interpreter.expression(node)(scope));
  const refuse = () => { throw new PowerShellError(`Cannot validate argument on parameter '${param.name}': ${attribute.attribute}.`); };
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
