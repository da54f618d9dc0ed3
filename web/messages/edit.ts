import { en } from './en.ts'
import { edit } from './en/edit.ts'
import { studio } from './en/studio.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...studio, ...edit })
