import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')

t.test('the first page is small, and nothing in the built client is inline', async (t) => {
  const index = join(root, 'dist/web/index.html')
  if (!existsSync(index)) { t.pass('the client is not built', { skip: 'npm run build first' }); return }
  t.notMatch(readFileSync(index, 'utf8'), /<script(?![^>]*src=)|<style|style="|\son\w+="|data:/, 'as the content security policy asks')
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'scripts/size.ts')], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
  t.match(stdout, /initial JS.*goal ≤ 45 kB\)\n/)
  t.comment(stdout.split('\n\n', 1)[0])
})
