import { en } from './en.ts'
import { translator } from './translator.ts'

export type MessageKey = keyof typeof en

/** The text of a message of the first page. Other areas have their own files, which come with their pages. */
export const t = translator(en)
