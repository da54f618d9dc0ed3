import { en } from './en.ts'
import { menus } from './en/menus.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...menus })
