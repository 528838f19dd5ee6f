// main.js PROGRAM ROOT: all tests of the Windows target that need no C++ and no Windows. Exit codes: 0, 1 a test fails.
'use strict';
const bench = require('./bench');
const compiled = require('./compiled_test');
const syntax = require('./syntax');

async function main([program, root]) {
  await syntax.start();
  require('./interpreter_test');
  require('./check_test');
  require('./engine_test');
  require('./refusal_test');
  require('./failure_test');
  require('./random_test');
  require('./export_test').testsOf(program);
  compiled.testsOf(program);
  compiled.testsOfExamples(root);
  const failed = bench.runTests();
  console.log(`windows: ${bench.tests.length} tests, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main(process.argv.slice(2)).catch((problem) => {
  console.error(problem.stack);
  process.exitCode = 1;
});
