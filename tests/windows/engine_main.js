'use strict';
const syntax = require('./syntax');
const bench = require('./bench');
(async () => {
  await syntax.start();
  require('./engine_test');
  require('./failure_test');
  const failed = bench.runTests();
  console.log(`${bench.tests.length} tests, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
})();
