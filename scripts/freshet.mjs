#!/usr/bin/env node
// The command `freshet`. Plain JavaScript of the oldest kind still in use, because it has to run before it can say
// that this Node is too old.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const built = join(root, 'dist/server/cli/main.js')
const source = join(root, 'src/cli/main.ts')
const pinnedNode = join(root, 'node_modules/.bin/node')

function isNewEnough () {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

function entry () {
  if (existsSync(built)) return built
  if (existsSync(source) && existsSync(join(root, 'src/generated/prisma/client.ts'))) return source
  return undefined
}

const main = entry()
if (main === undefined) {
  console.error('freshet: not built yet; run `npm run build` first')
  process.exitCode = 1
} else if (isNewEnough()) {
  await import(pathToFileURL(main).href)
} else if (existsSync(pinnedNode)) {
  // Signals reach both at the terminal; this one only waits for the other's end.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  const result = spawnSync(pinnedNode, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exitCode = result.status ?? 1
} else {
  console.error(`freshet: Node ${process.versions.node} is too old; 22.18 or newer is needed. npm install brings one.`)
  process.exitCode = 1
}
