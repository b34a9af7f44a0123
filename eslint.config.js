import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'data/**', '*.config.js', '.dependency-cruiser.cjs'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...ts.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.specs.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Ports are asynchronous because EventStoreDB and MongoDB are; the embedded adapters have nothing to await.
      '@typescript-eslint/require-await': 'off',
      // A fold that forgets an event, a decider that forgets a command.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A position is written like the number that the compiler does not see in it.
      '@typescript-eslint/no-base-to-string': [
        'error',
        { ignoredTypeNames: ['Error', 'RegExp', 'URL', 'URLSearchParams', 'Position'] },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        {
          allow: [
            { from: 'lib', name: ['Error', 'URL', 'URLSearchParams'] },
            { from: 'file', name: 'Position', path: 'libs/kernel/src/event.ts' },
            { from: 'package', package: '@seatbook/kernel', name: 'Position' },
          ],
        },
      ],
    },
  },
  {
    files: ['libs/**/*.ts', 'apps/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      // What is longer does more than one thing.
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout']",
          message: 'A test waits for a position or a condition (until, eventually), never for a time.',
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:timers/promises',
              message: 'A test waits for a position or a condition, never for a time.',
            },
          ],
        },
      ],
    },
  },
  {
    // What runs in real time: eventually() asks again after a pause, a process is struck after a random time.
    files: ['test/support/src/eventually.ts', 'test/support/src/processes.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        setImmediate: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
      },
    },
  },
  {
    // For the shell of MongoDB.
    files: ['docker/mongodb-set.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { db: 'readonly', rs: 'readonly', quit: 'readonly', sleep: 'readonly', print: 'readonly' },
    },
  },
  prettier,
);
