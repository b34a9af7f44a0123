import { createProgram } from '@typescript-eslint/parser';
import { ESLint } from 'eslint';
import ts from 'typescript';

const [configuration = 'tsconfig.specs.json'] = process.argv.slice(2);

/** Types and rules in one process: most rules ask for types, and finding them takes longer than all rules. */
const program = createProgram(configuration);
const problems = ts.getPreEmitDiagnostics(program);
if (problems.length > 0) {
  const host = {
    getCanonicalFileName: (/** @type {string} */ name) => name,
    getCurrentDirectory: () => process.cwd(),
    getNewLine: () => '\n',
  };
  console.error(ts.formatDiagnostics(problems, host));
  process.exit(1);
}

const eslint = new ESLint({
  overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions: { programs: [program] } } },
});
const results = await eslint.lintFiles('.');
const { format } = await eslint.loadFormatter();
process.stdout.write(await format(results));
process.exitCode = results.some(({ errorCount }) => errorCount > 0) ? 1 : 0;
