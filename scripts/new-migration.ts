import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.ts'
import { narrowingStatements } from './narrowing-statements.ts'
import { schemaDrift } from './schema-drift.ts'

const name = process.argv[2]
if (name === undefined || !/^[a-z0-9-]+$/.test(name)) {
  console.error('usage: npm run db:migration -- NAME     (lower case, digits and hyphens: what the change is for)')
  process.exit(2)
}
build('client')
// Imported only now: it needs what was just built.
const { startTestPostgres, templateName, withDatabase } = await import('../test/support/database.ts')
const postgres = await startTestPostgres()
try {
  const statements = schemaDrift(withDatabase(postgres.url, templateName))
  if (statements.length === 0) {
    console.log('The migrations say what the schema says: nothing to write.')
  } else if (name.startsWith('expand') && narrowingStatements(statements.join('\n\n')).length > 0) {
    console.error(`A migration named expand… only adds, so that the version before can use the database. This one also says:\n${narrowingStatements(statements.join('\n\n')).join('\n')}\nLeave that to a later release, or give the migration another name.`)
    process.exitCode = 1
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
