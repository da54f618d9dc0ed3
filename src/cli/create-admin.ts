import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { createAdmin } from '../accounts/setup.ts'
import { loadConfig } from '../load-config.ts'
import { openPlatform } from '../open-platform.ts'
import { type Command, commandLogger, UsageError } from './command.ts'

export const createAdminCommand: Command = {
  help: `Usage: freshet create-admin --username NAME --password-stdin

Creates an account with the role admin. The password is read from standard input, so that it stands neither in the
list of processes nor in the shell's history; a line break at its end is left out.

  printf '%s' "$PASSWORD" | freshet create-admin --username ada --password-stdin`,

  async run (args) {
    const { values } = parseArgs({ args, options: { username: { type: 'string' }, 'password-stdin': { type: 'boolean' } } })
    if (values.username === undefined) throw new UsageError('--username NAME is missing')
    if (values['password-stdin'] !== true) throw new UsageError('--password-stdin is missing: the password is taken from standard input only')
    const password = (await text(process.stdin)).replace(/\r?\n$/, '')
    if (password === '') throw new UsageError('standard input is empty: pipe the password into this command')
    const config = await loadConfig()
    const platform = await openPlatform(config, commandLogger(config), { joinRunning: true })
    try {
      const user = await createAdmin(platform.db, { username: values.username, password })
      console.log(`${user.username} is an admin now and can sign in at ${config.http.publicUrl}`)
      return 0
    } finally {
      await platform.close()
    }
  }
}
