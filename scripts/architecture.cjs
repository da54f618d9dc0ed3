/** Who may import whom: the rules of ARCHITECTURE.md, checked by `npm run check:imports`. */
const features = 'accounts|catalog|playlists|uploads|processing|streaming|sharing|requests|editing|health'

/** What is done to a queue must come out the same in the browser and on the server. */
const mergedOnBothSides = '^src/playlists/queue-operations[.]ts$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: ['generated', '^dist/'] } },
    { name: 'subsonic-only-from-app', severity: 'error', from: { path: '^src/', pathNot: '^src/(app[.]ts|subsonic/)' }, to: { path: '^src/subsonic/' } },
    {
      name: 'platform-knows-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: ['^src/platform/', '^src/generated/', '^src/config[.]ts$'] }
    },
    {
      name: 'features-see-ports-not-adapters',
      comment: 'main and open-platform choose adapters; features are handed them',
      severity: 'error',
      from: { path: `^src/(${features}|subsonic|http)/` },
      to: { path: '^src/platform/.*(s3-|disk-|sqs-|postgres-job-queue|local-edge)', dependencyTypesNot: ['type-only'] }
    },
    {
      name: 'routes-and-schemas-are-private',
      comment: 'to their folder; app registers routes, and schemas of the catalogue shapes are shared as values',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/(http|subsonic)/' },
      to: { path: `^src/(${features})/routes[.]ts$`, pathNot: '^src/$1/' }
    },
    { name: 'aws-only-in-platform', severity: 'error', from: { path: '^src/', pathNot: '^src/platform/' }, to: { path: 'node_modules/@aws-sdk/' } },
    {
      name: 'fastify-at-the-edges',
      severity: 'error',
      from: { path: '^src/', pathNot: ['/routes[.]ts$', '^src/http/', '^src/(app|main)[.]ts$', '^src/platform/cdn/local-edge[.]ts$', '^src/platform/storage/disk-store-endpoint[.]ts$', '^src/subsonic/'] },
      to: { path: 'node_modules/fastify/', dependencyTypesNot: ['type-only'] }
    },
    {
      name: 'web-takes-types-of-schemas-only',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', pathNot: ['^src/[^/]+/schemas[.]ts$', mergedOnBothSides] }
    },
    { name: 'web-imports-no-server-code', severity: 'error', from: { path: '^web/' }, to: { path: '^src/', pathNot: mergedOnBothSides, dependencyTypesNot: ['type-only'] } },
    { name: 'what-both-sides-merge-by-imports-nothing', severity: 'error', from: { path: mergedOnBothSides }, to: {} },
    {
      name: 'infra-knows-settings-and-thresholds-only',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: '^(src|web|scripts|ami|test)/', pathNot: '^src/(config|health/thresholds)[.]ts$' }
    },
    {
      name: 'infra-gives-figures-only',
      comment: 'scripts read its figures, and templates as JSON',
      severity: 'error',
      from: { path: '^(src|web|ami|scripts)/' },
      to: { path: '^infra/', pathNot: '^infra/(settings|scaling|alarms)[.]ts$' }
    },
    { name: 'source-imports-no-infra', severity: 'error', from: { path: '^(src|web)/' }, to: { path: '^infra/' } },
    { name: 'source-imports-no-tests', severity: 'error', from: { path: '^(src|web)/' }, to: { path: '^(test|scripts)/' } },
    { name: 'source-imports-no-dev-dependencies', severity: 'error', from: { path: '^src/' }, to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'] } }
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^src/generated'] },
    exclude: { path: ['^dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.svelte', '.mjs', '.js', '.cjs', '.json'], exportsFields: ['exports'], conditionNames: ['svelte', 'import', 'require', 'node', 'default', 'types'] },
    moduleSystems: ['es6', 'cjs']
  }
}
