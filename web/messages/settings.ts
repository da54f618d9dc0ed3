import { en } from './en.ts'
import { accounts } from './en/accounts.ts'
import { settings } from './en/settings.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...accounts, ...settings })
