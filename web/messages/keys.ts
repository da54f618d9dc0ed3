import { en } from './en.ts'
import { keys } from './en/keys.ts'
import type { PlainKey } from './translation.ts'
import { translator } from './translator.ts'

export type KeysMessageKey = PlainKey<typeof keys>

export const t = translator({ ...en, ...keys })
