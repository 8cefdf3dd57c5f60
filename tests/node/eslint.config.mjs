// Lints for everything that is written for Node: the package, its tests, the examples.

import js from '@eslint/js'
import globals from 'globals'

const strict = {
  eqeqeq: 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'prefer-template': 'error',
  'object-shorthand': 'error',
  'no-throw-literal': 'error',
  'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
  'no-console': 'error',
  'no-promise-executor-return': ['error', { allowVoid: true }],
  'require-atomic-updates': 'off',
}

export default [
  { ignores: ['**/node_modules/', '**/target/', '**/*.ts', '**/*.mts', '**/*.cts'] },
  js.configs.recommended,
  { languageOptions: { ecmaVersion: 2024, globals: globals.node }, linterOptions: { reportUnusedDisableDirectives: 'error' }, rules: strict },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs' }, rules: { strict: ['error', 'global'] } },
  {
    files: ['bindings-node/lib/**'],
    rules: {
      // What comes before a file's first export is data or the only thing that the rest is about.
      'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
    },
  },
  { files: ['bindings-node/*.mjs', 'tests/node/**', 'examples/node/**'], rules: { 'no-console': 'off', 'no-promise-executor-return': 'off' } },
]
