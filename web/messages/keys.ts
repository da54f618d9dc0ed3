import { en } from './en.ts'
import { keys } from './en/keys.ts'
import { translator } from './translator.ts'

export type KeysMessageKey = keyof typeof keys

export const t = translator({ ...en, ...keys })
