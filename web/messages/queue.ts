import { en } from './en.ts'
import { queue } from './en/queue.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...queue })
