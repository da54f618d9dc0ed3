import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runScript } from '../ami/run.ts'
import { buildImage, imageDir, type ImageManifest } from './image-build.ts'

/** Builds the image twice from nothing and compares what came out, part by part. */
async function main (): Promise<void> {
  const parts: Array<keyof ImageManifest['sha256']> = ['tar', 'squashfs', 'kernelImage', 'disk']
  const manifests: ImageManifest[] = []
  for (const name of ['first', 'second']) {
    const workDir = join(imageDir, name)
    await rm(workDir, { recursive: true, force: true })
    console.log(`\nThe ${name} build`)
    manifests.push(await buildImage({ workDir, reuseBase: false }))
  }
  const [first, second] = manifests
  const different = parts.filter((part) => first?.sha256[part] !== second?.sha256[part])
  console.log()
  for (const part of parts) console.log(`${different.includes(part) ? '✗' : '✓'} ${part}: ${first?.sha256[part]}${different.includes(part) ? ` and ${second?.sha256[part]}` : ''}`)
  if (different.length > 0) throw new Error('two builds of the same commit are not the same')
  for (const name of ['first', 'second']) await rm(join(imageDir, name), { recursive: true, force: true })
}

await runScript(main)
