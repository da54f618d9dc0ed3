import { resolve } from 'node:path'
import { copyAppTree } from '../ami/app-tree.ts'
import { runScript } from '../ami/run.ts'
import { build } from './build.ts'

/** Puts the built server, with only what it needs in production, into a folder: for a container image. */
await runScript(async () => {
  const [target] = process.argv.slice(2)
  if (target === undefined) throw new Error('name the folder to put it in: node scripts/image-app-tree.ts FOLDER')
  build()
  console.log(`${((await copyAppTree(resolve(target))) / 1e6).toFixed(0)} MB in ${target}`)
})
