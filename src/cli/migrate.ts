import { parseArgs } from 'node:util'
import { loadConfig } from '../load-config.ts'
import { openDatabaseServer } from '../open-platform.ts'
import { migrationsDir } from '../paths.ts'
import { migrate } from '../platform/database/migrate.ts'
import type { Command } from './command.ts'

export const migrateCommand: Command = {
  help: `Usage: freshet migrate

Applies the migrations that the database does not have yet, and creates the database if need be. Freshet does the same
at every start; use this to do it beforehand, for example before the new version is rolled out.`,

  async run (args) {
    parseArgs({ args, options: {} })
    const server = await openDatabaseServer(await loadConfig(), { joinRunning: true })
    try {
      const applied = await migrate(server.address, migrationsDir)
      console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
      return 0
    } finally {
      await server.stop()
    }
  }
}
