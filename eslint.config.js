import neostandard from 'neostandard'
import svelte from 'eslint-plugin-svelte'

/** The budget of ARCHITECTURE.md, as errors. */
const budget = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  'max-params': ['error', 4],
  complexity: ['error', 12],
  'no-console': 'error',
  'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' }]
}
const typed = {
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/ban-ts-comment': 'error',
  '@typescript-eslint/consistent-type-imports': 'error'
}

export default [
  { ignores: ['dist/**', 'data/**', 'coverage/**', 'src/generated/**', '.tap/**', 'web/dist/**', 'infra/cdk.out/**'] },
  ...neostandard({ ts: true, noJsx: true }),
  ...svelte.configs['flat/base'],
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: neostandard.plugins['typescript-eslint'].parser } } },
  { rules: budget },
  { files: ['**/*.ts', '**/*.svelte'], plugins: { '@typescript-eslint': neostandard.plugins['typescript-eslint'].plugin }, rules: typed },
  { files: ['**/*.svelte'], rules: { 'prefer-const': 'off', 'no-unused-vars': 'off', '@typescript-eslint/no-unused-vars': 'off', 'no-undef': 'off', '@stylistic/indent': 'off', 'import-x/first': 'off', '@stylistic/no-multiple-empty-lines': 'off', 'no-sequences': 'off', 'no-unused-expressions': 'off', 'no-self-assign': 'off', 'svelte/no-at-html-tags': 'error' } },
  // A schema and the type it stands for share one name; the compiler finds real redeclarations.
  { files: ['src/*/schemas.ts', 'src/*/*-schemas.ts'], rules: { '@typescript-eslint/no-redeclare': 'off' } },
  { files: ['src/cli/**', 'scripts/**', 'infra/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['src/config.ts', 'scripts/**', 'test/**', '*.config.*', 'infra/**', 'ami/**'], rules: { 'no-restricted-properties': 'off' } },
  // A construct of the CDK joins its parent when it is made.
  { files: ['infra/**', 'test/infra/**'], rules: { 'no-new': 'off' } },
  // A test file is a list of sentences; its length is not complexity.
  { files: ['test/**'], rules: { 'max-lines-per-function': 'off', 'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }], 'no-console': 'off' } }
]
