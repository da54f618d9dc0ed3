import { en } from './en.ts'
import { accounts } from './en/accounts.ts'
import { studio } from './en/studio.ts'
import type { PlainKey } from './translation.ts'
import { translator } from './translator.ts'

export type StudioMessageKey = PlainKey<typeof studio>

export const t = translator({ ...en, ...accounts, ...studio })
