import { en } from './en.ts'
import type { PlainKey } from './translation.ts'
import { translator } from './translator.ts'

export type MessageKey = PlainKey<typeof en>

/** The text of a message of the first page. Other areas have their own files, which come with their pages. */
export const t = translator(en)
