/** Who may import whom: the rules of ARCHITECTURE.md, checked by `npm run check:imports`. */
const features = 'accounts|catalog|playlists|uploads|processing|streaming'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
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
      to: { path: '^src/', pathNot: '^src/[^/]+/schemas[.]ts$' }
    },
    { name: 'web-imports-no-server-code', severity: 'error', from: { path: '^web/' }, to: { path: '^src/', dependencyTypesNot: ['type-only'] } },
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
