import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { schemaDrift } from './schema-drift.ts'
import { startTestPostgres, templateName, withDatabase } from '../test/support/database.ts'

const name = process.argv[2]
if (name === undefined || !/^[a-z0-9-]+$/.test(name)) {
  console.error('usage: npm run db:migration -- NAME     (lower case, digits and hyphens: what the change is for)')
  process.exit(2)
}
const postgres = await startTestPostgres()
try {
  const statements = schemaDrift(withDatabase(postgres.url, templateName))
  if (statements.length === 0) {
    console.log('The migrations say what the schema says: nothing to write.')
  } else {
    const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
    const folder = join(import.meta.dirname, '../prisma/migrations', `${stamp}_${name.replaceAll('-', '_')}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'migration.sql'), `${statements.join('\n\n')}\n`)
    console.log(`${folder}/migration.sql written. Read it: renames and moved data must be put in by hand.`)
  }
} finally {
  await postgres.stop()
}
