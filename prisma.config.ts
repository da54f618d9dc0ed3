import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Every command of the CLI wants a native schema engine and downloads it; any existing file stops that.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(new URL('./scripts/schema-engine.ts', import.meta.url))

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://postgres@127.0.0.1:5432/freshet' }
})
