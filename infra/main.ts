import { join } from 'node:path'
import { buildApp } from './app.ts'
import { examplesLeft } from './examples.ts'
import { missingSettings } from './place.ts'
import { stages } from './settings.ts'

// The program that `cdk` and `npm run infra:synth` run: all stages, checked, into infra/cdk.out.
const all = Object.values(stages)
const examples = all.flatMap(examplesLeft)
if (examples.length > 0) {
  console.error(`infra/settings.ts still holds examples:\n${examples.map((sentence) => `  ${sentence}`).join('\n')}`)
  process.exit(1)
}
for (const sentence of all.flatMap(missingSettings)) console.error(sentence)
buildApp(all, { outdir: process.env.CDK_OUTDIR ?? join(import.meta.dirname, 'cdk.out'), validate: true, nag: true }).synth()
